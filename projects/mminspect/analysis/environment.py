"""What has to stand beside every measured number."""
from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import torch
from mmengine.utils import get_git_hash


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


def environment(device: torch.device | None = None) -> dict[str, Any]:
    """Device, threads, versions, and the commit of the working directory ('unknown' outside a repository)."""
    return dict(device=device_name(device or default_device()), threads=torch.get_num_threads(),
                torch=torch.__version__, python=platform.python_version(), commit=get_git_hash(digits=12))
