"""What has to stand beside every measured number."""
from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

from mminspect import __version__
from mminspect.core.home import CARRIED, home

#: Folder whose commit is recorded: the source tree, wherever the command runs.
SOURCE = home()


def default_device() -> torch.device:
    """The first GPU if there is one, else the CPU."""
    return torch.device('cuda' if torch.cuda.is_available() else 'cpu')


def device_name(device: torch.device) -> str:
    """Name of the GPU or of the processor."""
    if device.type == 'cuda':
        return torch.cuda.get_device_name(device)
    info = Path('/proc/cpuinfo')
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith('model name'):
                return f'{line.split(":", 1)[1].strip()} (CPU)'
    return f'{platform.processor() or platform.machine()} (CPU)'


def commit(source: Path | None = None) -> str:
    """Commit of a source tree, by default this one: 12 digits, '+' behind them where tracked files differ; 'unknown'
    outside of git, and the release of an installed package."""
    if source is None and CARRIED.is_dir():  # the git repository around it, if any, is somebody else's
        return f'release {__version__}'
    describe = ['git', '-C', str(source or SOURCE), 'describe', '--always', '--abbrev=12', '--exclude=*', '--dirty=+']
    try:
        return subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip() or 'unknown'
    except (OSError, subprocess.CalledProcessError):
        return 'unknown'


def environment(device: torch.device | None = None) -> dict[str, Any]:
    """Device, threads, versions and commit, as they belong into a file of results."""
    return dict(device=device_name(device or default_device()), threads=torch.get_num_threads(),
                torch=torch.__version__, python=platform.python_version(), commit=commit())
