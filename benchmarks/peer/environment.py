"""The peer's own virtual environment: this project never depends on what is installed there."""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from mminspect.core.errors import UserError

#: Installed with this environment's torch and torchvision, so that both sides are timed on the same kernels.
SAME_VERSIONS = ('torch', 'torchvision')


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment."""
    return environment / ('Scripts/python.exe' if os.name == 'nt' else 'bin/python')


def prepare(environment: Path, requirement: str) -> None:
    """Make the virtual environment unless it is there and complete; some gigabytes, some minutes.

    Args:
        environment: Its folder; gets a ``.gitignore`` of its own.
        requirement: What pip installs, e.g. ``'anomalib==2.7.0'``.

    Raises:
        UserError: venv or pip failed; says where their output is.
    """
    marker, log = environment / 'installed.txt', environment / 'install.log'
    wanted = [requirement, *(f'{name}=={version(name).split("+")[0]}' for name in SAME_VERSIONS)]
    if marker.is_file() and marker.read_text().split() == wanted:
        return
    print(f'installing {" ".join(wanted)} into {environment}', flush=True)
    environment.mkdir(parents=True, exist_ok=True)
    (environment / '.gitignore').write_text('*\n')
    call([sys.executable, '-m', 'venv', str(environment)], log)
    call([str(python_of(environment)), '-m', 'pip', 'install', *wanted], log)
    marker.write_text('\n'.join(wanted) + '\n')


def call(arguments: Sequence[str], log: Path, **variables: str) -> None:
    """Run a command with ``variables`` on top of this process's and its output at the end of ``log``.

    Raises:
        UserError: It failed.
    """
    with open(log, 'a') as handle:
        status = subprocess.run(arguments, env={**os.environ, **variables}, stdout=handle,
                                stderr=subprocess.STDOUT).returncode
    if status:
        raise UserError(f'{" ".join(arguments[:4])} ... failed with status {status}: see the end of {log}')
