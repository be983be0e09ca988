"""Create .venv and install the project into it; quick when nothing has changed. Needs nothing but Python."""
from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / '.venv'
PYTHON = VENV / 'bin' / 'python'
STAMP = VENV / '.installed'
#: The oldest Python that works, and the newest that is tested; a newer one is tried with a word.
OLDEST, NEWEST_TESTED = (3, 11), (3, 13)
#: Fails where torch and torchvision do not match, or where a system library of OpenCV is missing.
PROBE = 'import cv2, torch, torchvision; torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5); import fdrd'


def check_python(version: tuple[int, int]) -> str | None:
    """One sentence if ``version`` is not supported, else None."""
    if version >= OLDEST:
        return None
    return (f'Python {version[0]}.{version[1]} is not supported: install Python 3.11, 3.12 or 3.13 and name it, '
            'e.g. `make test PYTHON=python3.11`')


def remark(version: tuple[int, int]) -> str | None:
    """One sentence if ``version`` is newer than what is tested, else None."""
    if version <= NEWEST_TESTED:
        return None
    return (f'Python {version[0]}.{version[1]} is allowed and untested (3.11, 3.12 and 3.13 are tested); if a step '
            'fails, name one of these, e.g. `make test PYTHON=python3.13`')


def fingerprint() -> str:
    """Changes whenever what has to be installed changes."""
    files = [ROOT / 'setup.py', Path(__file__), *sorted((ROOT / 'requirements').glob('*.txt'))]
    return hashlib.sha256(b''.join(f.read_bytes() for f in files) + sys.version.encode()).hexdigest()


def step(what: str, *command: str | Path) -> None:
    """Run a command quietly; on failure show its output, say which step it was, and exit with status 1."""
    start = time.monotonic()
    print(f'set-up: {what} ...', end=' ', flush=True)
    done = subprocess.run([str(c) for c in command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        print('failed')
        print(done.stdout[-4000:], file=sys.stderr)
        print(f'error: the set-up step "{what}" failed: see the output above, mend it and run the same command again',
              file=sys.stderr)
        sys.exit(1)
    print(f'{time.monotonic() - start:.0f} s', flush=True)


def install() -> None:
    """All steps, from an empty folder to a working environment."""
    pip = [PYTHON, '-m', 'pip', '--disable-pip-version-check']
    constraints = ['-c', 'requirements/constraints.txt']
    step('creating .venv', sys.executable, '-m', 'venv', '--clear', VENV)
    step('renewing pip and setuptools', *pip, 'install', '--upgrade', *constraints, 'pip', 'setuptools', 'wheel')
    step('installing the project, torch and OpenMMLab (a few minutes)', *pip, 'install', *constraints, '-r',
         'requirements/tests.txt', '-e', '.')
    # mmcv asks for opencv-python, which needs system libraries of a desktop; both share one folder, so the headless
    # build is put back last.
    step('choosing the headless OpenCV', *pip, 'uninstall', '-y', 'opencv-python')
    step('restoring the headless OpenCV', *pip, 'install', *constraints, '--no-deps', '--force-reinstall',
         'opencv-python-headless')
    step('checking that it works', PYTHON, '-W', 'ignore', '-c', PROBE)


def main() -> None:
    """Install unless the stamp says that it is done."""
    if problem := check_python(sys.version_info[:2]):
        sys.exit(f'error: {problem}')
    if STAMP.is_file() and STAMP.read_text() == fingerprint():
        return
    if said := remark(sys.version_info[:2]):
        print(f'set-up: {said}', flush=True)
    install()
    STAMP.write_text(fingerprint())
    print('set-up: done', flush=True)


if __name__ == '__main__':
    main()
