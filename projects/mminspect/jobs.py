"""Training and testing of one config as two processes that can be repeated.

Finished work is skipped, interrupted work resumes.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mminspect.checkpoint import newest_checkpoint
from mminspect.engine.progress import PREFIX
from mminspect.errors import UserError

#: Repository root; the tools are scripts there and no part of the installed packages.
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Job:
    """One config with what its runs need.

    Attributes:
        config: Config file.
        work_dir: Folder for checkpoints, logs (``output.log``) and ``metrics.json``.
        train_arguments: Further arguments of tools/train.py.
        test_arguments: Further arguments of tools/test.py.
        environment: Variables on top of this process's.
        trained: A job whose last checkpoint is tested instead of training one, with this job's config.
    """

    config: str | Path
    work_dir: Path
    train_arguments: tuple[str, ...] = ()
    test_arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    trained: Job | None = None

    @property
    def metrics(self) -> dict[str, float] | None:
        """Metrics by name without the evaluator's prefixes (``coco/bbox_mAP`` is ``mAP``).

        None before the test, where training has gone on since, and where another epoch was tested.
        """
        path, checkpoint = self.work_dir / 'metrics.json', self.last_checkpoint
        if not path.is_file():
            return None
        if checkpoint is not None and checkpoint.stat().st_mtime > path.stat().st_mtime:
            return None
        metrics = json.loads(path.read_text())
        if metrics.pop('checkpoint', None) not in (None, checkpoint and checkpoint.name):
            return None
        return {k.split('/')[-1].removeprefix('bbox_'): v for k, v in metrics.items()}

    @property
    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint, or None."""
        return newest_checkpoint((self.trained or self).work_dir)


def run(job: Job, echo: Callable[[str], None] = lambda line: None) -> dict[str, float]:
    """Train to the last epoch and test that epoch's checkpoint; skip both if the metrics are there.

    Args:
        job: What to run.
        echo: Gets every progress line of the processes.

    Returns:
        The metrics.

    Raises:
        UserError: A process failed; says which and where its output is.
    """
    if job.metrics is None:
        # --resume with the last epoch done trains nothing, so the pair can be repeated at any point
        work_dir = ['--work-dir', str(job.work_dir)]
        if job.trained is None:
            _tool(job, 'train.py', [str(job.config), *work_dir, '--resume', *job.train_arguments], echo)
        else:
            run(job.trained, echo)
        _tool(job, 'test.py', [str(job.config), str(job.last_checkpoint), *work_dir, *job.test_arguments], echo)
    return job.metrics or {}


def _tool(job: Job, name: str, arguments: list[str], echo: Callable[[str], None]) -> None:
    job.work_dir.mkdir(parents=True, exist_ok=True)
    log_path = job.work_dir / 'output.log'
    command = [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / name), *arguments]
    last = ''
    with open(log_path, 'a') as log, subprocess.Popen(
            command, env={**os.environ, **job.environment}, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            log.write(line)
            log.flush()
            if line.startswith(PREFIX):
                echo(line.removeprefix(PREFIX).rstrip())
            last = line.strip() or last
    if process.returncode:
        reason = last.removeprefix('error: ') if last.startswith('error: ') else f'see the end of {log_path}'
        raise UserError(f'tools/{name} failed for {job.config}: {reason}')
