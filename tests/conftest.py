"""Settings of the whole suite, and what many tests look at."""
import logging
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import yapf.yapflib.yapf_api  # noqa: F401 (writes its grammar into a cache: once, before several workers do)
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from torch.utils.data._utils import signal_handling

import fdrd  # noqa: F401 (before any test imports mmdet: supplies mmcv's operators, registers the components)
from helpers import load_tool
from mminspect.core import cli

torch.set_num_threads(1)  # the tensors are tiny: threads would wait for each other most of the time
logging.raiseExceptions = False  # loggers of earlier tests hold streams that pytest has closed


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test sees the same random numbers, whichever tests ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def kinds_of(kind: type) -> Iterator[type]:
    """A class and all below it: each keeps its own instances by name."""
    yield kind
    for below in kind.__subclasses__():
        yield from kinds_of(below)


@pytest.fixture(autouse=True)
def own_scope_and_logger() -> Iterator[None]:
    """Every test begins as a new process does, without a default scope and without the visualizer of an earlier run,
    whose writers know the earlier folder: a run sets both for its whole process, and the current logger too; nor does
    it listen to the end of children."""
    loggers, disabled = dict(MMLogger._instance_dict), logging.root.manager.disable
    DefaultScope._instance_dict.clear()
    for kind in kinds_of(Visualizer):
        kind._instance_dict.clear()
    yield
    MMLogger._instance_dict.clear()
    MMLogger._instance_dict.update(loggers)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a data loader with workers watches all children from then on
    signal_handling._SIGCHLD_handler_set = False
    logging.disable(disabled)


@pytest.fixture(autouse=True, scope='session')
def unformatted_configs() -> Iterator[None]:
    """mmengine has yapf format the config for the log and for every checkpoint, which takes a second each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, True))
        yield


@pytest.fixture
def messages() -> Iterator[list[str]]:
    """What mmengine's current logger says, which neither ``caplog`` nor ``capsys`` sees."""
    seen: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage())

    logger, handler = MMLogger.get_current_instance(), Keep()
    logger.addHandler(handler)
    yield seen
    logger.removeHandler(handler)


@pytest.fixture
def call(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple]:
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

    return run


@pytest.fixture(scope='module')
def chromium() -> Iterator[Any]:
    """A browser without a screen."""
    playwright = pytest.importorskip('playwright.sync_api', reason='needs the Python package playwright')
    if not shutil.which('chromium'):
        pytest.skip('needs the program chromium: tools/install_browser.sh installs it')
    with pytest.MonkeyPatch.context() as patch, playwright.sync_playwright() as running:
        patch.setenv('DJANGO_ALLOW_ASYNC_UNSAFE', '1')  # playwright has a loop in this thread, which waits meanwhile
        browser = load_tool('docs/screenshots').launch(running)
        yield browser
        browser.close()
