"""Command lines run in this process."""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from mmengine.logging import MMLogger

from helpers import load_tool
from mminspect.core import cli


@pytest.fixture
def call(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple]]:
    """call(tool, *arguments): exit status, standard output and standard error of ``python tools/<tool>.py ARGUMENTS``.

    ``tool`` is the name, or the loaded module where the test has changed something in it.
    """

    def run(tool: str | ModuleType, *arguments: object) -> tuple[int, str, str]:
        module = load_tool(tool) if isinstance(tool, str) else tool
        monkeypatch.setattr(sys, 'argv', [Path(module.__file__).name, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.run(module.main, getattr(module, 'AGAIN', ''))
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    before = dict(MMLogger._instance_dict)
    yield run
    MMLogger._instance_dict.clear()  # a run's logger writes into the test's folder and must not stay the current one
    MMLogger._instance_dict.update(before)
