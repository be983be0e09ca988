"""A browser, for whatever is looked at in one."""
from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from helpers import load_tool


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
