"""The script that installs a browser: when it does, and that it never stops the tests behind it."""
from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import ROOT

BASH = shutil.which('bash')
pytestmark = pytest.mark.skipif(not BASH, reason='needs bash')
#: A stub: what it was called with, then what else it does.
CALLED = 'echo "${0##*/} $*" >> "${0%/*}/calls"\n'


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """All that the script finds: a machine with nothing but Debian's smallest programs."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name in ('mktemp', 'tail', 'rm', 'cut', 'timeout', 'bash', 'chmod'):
        (folder / name).symlink_to(shutil.which(name))
    return folder


@pytest.fixture
def install(programs: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Run it with these stubs, texts of shell programs by name, as this user."""

    def run(user: int = 0, **stubs: str) -> subprocess.CompletedProcess:
        for name, text in dict(id=f'echo {user}', **stubs).items():
            file = programs / name.replace('_', '-')
            file.write_text(f'#!{BASH}\n{text}\n')
            file.chmod(0o755)
        return subprocess.run([BASH, ROOT / 'tools' / 'install_browser.sh'], env=dict(PATH=str(programs)), text=True,
                              capture_output=True, timeout=30)

    return run


def test_nothing_is_done_where_there_is_one(install: Callable, programs: Path) -> None:
    done = install(chromium='', apt_get=CALLED)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '') and not (programs / 'calls').exists()


@pytest.mark.parametrize(('user', 'stubs', 'reason'), [
    (0, {}, 'no apt-get to install it with'),
    (1000, dict(apt_get=CALLED), 'only root can install it'),
    (0, dict(apt_get='echo "E: no network"; exit 100'), 'apt-get could not install chromium')])
def test_where_it_cannot_be_installed_it_says_why_and_ends_well(
        install: Callable, programs: Path, user: int, stubs: dict[str, str], reason: str) -> None:
    done = install(user, **stubs)
    assert done.returncode == 0 and not (programs / 'calls').exists()
    assert reason in done.stdout and 'tests in a browser will be skipped' in done.stdout
    assert ('E: no network' in done.stderr) == ('could not' in reason)


def test_root_gets_a_browser_and_its_fonts(install: Callable, programs: Path) -> None:
    chromium = f'#!{BASH}\\necho Chromium 156.0 built on Debian'
    done = install(apt_get=f'{CALLED}printf "{chromium}" > "${{0%/*}}/chromium"; chmod 755 "${{0%/*}}/chromium"')
    update, packages = (programs / 'calls').read_text().splitlines()
    assert update.endswith(' update') and packages.split(' install ')[1].split() == [
        '--no-install-recommends', 'chromium', 'fonts-dejavu-core', 'fonts-droid-fallback']
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.startswith('browser: Chromium 156.0 installed, ')
