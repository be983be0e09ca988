"""What every benchmark shares: where results go and what is recorded beside every number."""
from __future__ import annotations

import json
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch

from mminspect.fileio import replacing

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / 'benchmarks' / 'results'


def commit() -> str:
    """Short commit of the working tree, with '+' behind it if tracked files differ from it."""
    git = ['git', '-C', str(ROOT)]
    head = subprocess.run([*git, 'rev-parse', '--short=12', 'HEAD'], capture_output=True, text=True).stdout.strip()
    dirty = subprocess.run([*git, 'diff', '--quiet', 'HEAD', '--', 'projects', 'configs', 'tools', 'benchmarks/*.py'],
                           capture_output=True).returncode
    return (head or 'unknown') + ('+' if dirty else '')


def hardware() -> dict[str, Any]:
    """Processor, threads and GPU."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.is_file():
        names = {line.split(':', 1)[1].strip() for line in cpuinfo.read_text().splitlines() if 'model name' in line}
        model = ', '.join(sorted(names)) or model
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return dict(cpu=model, threads=torch.get_num_threads(), gpu=gpu, torch=torch.__version__)


def save(name: str, **content: Any) -> Path:
    """Write ``results/<name>.json``: the content, the commit, the time and the hardware."""
    record = dict(commit=commit(), date=datetime.now(timezone.utc).strftime('%Y-%m-%d'), hardware=hardware(), **content)
    path = RESULTS / f'{name}.json'
    with replacing(path) as handle:
        handle.write((json.dumps(record, indent=2) + '\n').encode())
    print(f'wrote {path.relative_to(ROOT)}')
    return path


def interleaved(functions: dict[str, Callable[[], Any]], rounds: int, warmup: int = 2) -> dict[str, float]:
    """Median seconds of each function; the functions take turns, so that a slow moment of the machine hits all."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(warmup + rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if turn >= warmup:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}
