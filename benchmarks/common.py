"""What every benchmark shares: where results go and what is recorded beside every number."""
from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mminspect.core.fileio import replacing
from mminspect.experiments.environment import commit, environment

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / 'benchmarks' / 'results'


def hardware() -> dict[str, Any]:
    """Processor or GPU, threads and versions."""
    state = environment()
    state.pop('commit')
    return state


def memory_of(pid: int | str = 'self', entry: str = 'VmRSS') -> int:
    """Bytes of a process in memory (Linux); entry 'VmHWM': its most so far.

    Unlike getrusage, whose peak includes that of the process which started it.
    """
    lines = Path(f'/proc/{pid}/status').read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(entry))


def save(name: str, **content: Any) -> Path:
    """Write ``results/<name>.json``: the content, the commit, the time and the hardware."""
    record = dict(commit=commit(), date=datetime.now(UTC).strftime('%Y-%m-%d'), hardware=hardware(), **content)
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
