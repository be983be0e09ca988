"""Virtual environments that a check makes, uses and throws away."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common import ROOT
from mminspect.core.errors import UserError

CONSTRAINTS = ROOT / 'requirements' / 'constraints.txt'
#: Pins that belong to the pinned torch alone: others want others.
OF_TORCH = ('torch==', 'torchvision==', 'nvidia-', 'cuda-', 'triton==', 'sympy==')


class NotRun(Exception):
    """A check that cannot be made here; the words say why."""


def clean_variables() -> dict[str, str]:
    """This process's variables without those that lead Python or the project to something of the checkout."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(('PYTHON', 'VIRTUAL_ENV', 'MMINSPECT', 'STATION', 'DJANGO'))}


def interpreter(version: str, given: Sequence[Path] = ()) -> Path:
    """An interpreter of Python ``version`` (``'3.12'``) among the given ones, else ``python3.12`` of the path.

    Raises:
        NotRun: There is none.
    """
    for path in [*given, Path(f'python{version}')]:
        found = shutil.which(path)
        asked = found and subprocess.run([found, '-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], text=True,
                                         capture_output=True)
        if asked and asked.stdout.strip() == version:
            return Path(found)
    raise NotRun(f'there is no python{version} on the path: name it with --pythons')


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / 'bin' / 'python'

    def run(self, *command: str | Path, cwd: Path = ROOT, **variables: str) -> str:
        """What a program of it prints, ``bin/`` before its name.

        Raises:
            UserError: It failed; with the end of its output.
        """
        done = subprocess.run([self.folder / 'bin' / command[0], *map(str, command[1:])], cwd=cwd, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**clean_variables(), **variables})
        if done.returncode:
            raise UserError(f'{" ".join(map(str, command))[:200]} failed: {done.stdout[-1500:]}')
        return done.stdout

    def pip(self, *arguments: str | Path, cwd: Path = ROOT) -> None:
        """Run pip; raises as :meth:`run`."""
        self.run('python', '-m', 'pip', '--quiet', '--disable-pip-version-check', *arguments, cwd=cwd)

    def versions(self) -> dict[str, str]:
        """Of Python, torch and torchvision."""
        code = ('import json, platform, torch, torchvision as v; '
                'print(json.dumps(dict(python=platform.python_version(), torch=torch.__version__, '
                'torchvision=v.__version__)))')
        return json.loads(self.run('python', '-W', 'ignore', '-c', code).splitlines()[-1])

    def megabytes(self) -> int:
        """Size on the disk, 10⁶ bytes; a file with several names counts once."""
        sizes = {entry.stat().st_ino: entry.stat().st_size for entry in self.folder.rglob('*') if entry.is_file()}
        return round(sum(sizes.values()) / 1e6)


@contextmanager
def environment(folder: Path, python: Path, keep: bool = False) -> Iterator[Environment]:
    """A new virtual environment, which is removed afterwards unless it is kept."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([python, '-m', 'venv', folder], check=True, env=clean_variables())
    try:
        yield Environment(folder)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def install(made: Environment, torch: Mapping[str, str] | None = None) -> None:
    """Do what tools/bootstrap.py does.

    Args:
        made: Where.
        torch: ``torch`` and ``torchvision`` -> version in place of the pinned ones, which then bring what they need.
    """
    pins = made.folder / 'constraints.txt'
    lines = CONSTRAINTS.read_text().splitlines()
    if torch is not None:
        lines = [line for line in lines if not line.startswith(OF_TORCH)]
        lines += [f'{name}=={version}' for name, version in torch.items()]
    pins.write_text('\n'.join(lines) + '\n')
    made.pip('install', '--upgrade', '-c', pins, 'pip', 'setuptools', 'wheel')
    made.pip('install', '-c', pins, '-r', ROOT / 'requirements' / 'tests.txt', '-e', ROOT)
    made.pip('uninstall', '-y', 'opencv-python')
    made.pip('install', '-c', pins, '--no-deps', '--force-reinstall', 'opencv-python-headless')


def run_tests(made: Environment, tests: Sequence[str], workers: int = 1,
              before: Sequence[str] = ()) -> dict[str, int | float | list[str]]:
    """Run a part of the suite.

    Args:
        made: Where it is installed.
        tests: Files and folders.
        workers: Processes.
        before: Words before the command, such as ``nice -n 10``.

    Returns:
        ``passed``, ``failed``, ``skipped``: numbers; ``test_seconds``; ``failures``: names, the first twenty.

    Raises:
        UserError: The suite did not run.
    """
    report = made.folder / 'tests.xml'
    start = time.monotonic()
    done = subprocess.run([*before, made.python, '-W', 'ignore', '-m', 'pytest', '-q', '-n', str(workers),
                           f'--junitxml={report}', *tests], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**clean_variables(), **shared()})
    if not report.is_file() or done.returncode not in (0, 1):
        raise UserError(f'the tests did not run: {done.stdout[-1500:]}')
    return counted(report) | dict(test_seconds=round(time.monotonic() - start))


def shared() -> dict[str, str]:
    """Where the real data are, if that is said."""
    return {'MMINSPECT_SHARED': os.environ['MMINSPECT_SHARED']} if 'MMINSPECT_SHARED' in os.environ else {}


def counted(report: Path) -> dict[str, int | list[str]]:
    """The numbers in pytest's JUnit file."""
    cases = list(ElementTree.parse(report).iter('testcase'))
    failures = [f'{case.get("classname")}.{case.get("name")}' for case in cases
                if case.find('failure') is not None or case.find('error') is not None]
    skipped = sum(case.find('skipped') is not None for case in cases)
    return dict(passed=len(cases) - len(failures) - skipped, failed=len(failures), skipped=skipped,
                failures=failures[:20])
