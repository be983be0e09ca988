"""The tests of this folder run on the fallback, also where a compiled mmcv is installed."""

import sys

import pytest

import mmcv_fallback

# Before a test module imports mmcv.ops, which otherwise fails.
mmcv_fallback.activate()

import mmcv.ops  # noqa: E402, F401

from mmcv_fallback import extension  # noqa: E402


@pytest.fixture(autouse=True)
def use_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every module of mmcv.ops the operators under test."""
    for name, module in list(sys.modules.items()):
        if name.startswith('mmcv.ops.') and hasattr(module, 'ext_module'):
            monkeypatch.setattr(module, 'ext_module', extension)
