"""Where configs and tools are found."""
from pathlib import Path

import pytest

from helpers import ROOT
from mminspect.core import home as home_module
from mminspect.core.home import home


def test_a_checkout_has_them_at_its_root() -> None:
    assert home() == ROOT and (home() / 'configs/fdrd').is_dir() and (home() / 'tools/train.py').is_file()


def test_a_package_carries_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(home_module, 'CARRIED', tmp_path)
    assert home() == tmp_path
