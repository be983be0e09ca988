"""Memory of a program that a test starts; imports nothing that takes memory itself."""
from __future__ import annotations

from pathlib import Path


def peak() -> int:
    """Kilobytes at most so far (Linux); getrusage would count the process that started this one."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))
