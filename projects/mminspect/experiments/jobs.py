"""Training and testing of one config as two processes that can be repeated.

Finished work is skipped, interrupted work resumes.
"""
from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

from mminspect.core.errors import UserError
from mminspect.core.home import home
from mminspect.engine.progress import PREFIX
from mminspect.models.checkpoint import newest_checkpoint

from .run_record import Record, Settings, is_end, number_of, settings_of
from .tool_process import ToolProcess

#: Holds the tools, which are scripts and no modules.
ROOT = home()

#: Processes that run now.
_children: set[ToolProcess] = set()


def end_children() -> None:
    """Ask all processes of running jobs to end."""
    for process in [*_children]:
        process.terminate()


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """In the block, SIGTERM ends the children of this process too, and then does what it did before; where that was
    nothing, it leaves the process as an exception does (status 143)."""
    def leave(number: int, frame: FrameType | None) -> None:
        end_children()
        if callable(before):
            before(number, frame)
        sys.exit(128 + number)

    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@dataclass(frozen=True)
class Job:
    """One config with what its runs need.

    Attributes:
        config: Config file.
        work_dir: Folder for checkpoints, logs (``output.log``) and ``metrics.json``.
        train_arguments: Further arguments of mminspect train.
        test_arguments: Further arguments of mminspect test.
        environment: Variables on top of this process's.
        trained: A job whose last checkpoint is tested instead of training one, with this job's config.
        forked: Whether its processes begin with the libraries imported, where the system can: for one job of many.
    """

    config: str | Path
    work_dir: Path
    train_arguments: tuple[str, ...] = ()
    test_arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    trained: Job | None = None
    forked: bool = False

    @property
    def metrics(self) -> dict[str, float] | None:
        """Metrics by name without COCO's prefixes (``coco/bbox_mAP`` is ``mAP``); NaN where undefined.

        None before the test, where training has gone on since or is not at its end, where another epoch was tested,
        and where training or test had other settings.

        Raises:
            UserError: The config cannot be read, or the file of metrics is damaged.
        """
        path, checkpoint = self.work_dir / 'metrics.json', self.last_checkpoint
        if not path.is_file():
            return None
        if checkpoint is not None and checkpoint.stat().st_mtime > path.stat().st_mtime:
            return None
        metrics = _read_metrics(path)
        if metrics.pop('checkpoint', None) not in (None, checkpoint and checkpoint.name):
            return None
        if checkpoint is not None and not self._is_of(checkpoint):
            return None
        return {name.removeprefix('coco/').removeprefix('bbox_'): math.nan if value is None else value
                for name, value in metrics.items()}

    @property
    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint, or None."""
        return newest_checkpoint((self.trained or self).work_dir)

    @cached_property
    def settings(self) -> Settings:
        """What the config and the arguments say; raises as :func:`~mminspect.experiments.run_record.settings_of`."""
        return settings_of(self.config, self.train_arguments, self.test_arguments)

    def _is_of(self, checkpoint: Path) -> bool:
        """Whether the checkpoint is the end of this job's training, and the folder has results of these settings."""
        return (self.trained or self).is_trained(checkpoint) and Record.of(self.work_dir).test in (
            '', self.settings.test)

    def is_trained(self, checkpoint: Path) -> bool:
        """Whether the checkpoint is the end of a training with this job's settings."""
        record = Record.of(self.work_dir)
        return is_end(checkpoint, self.settings.length, record) and record.training in ('', self.settings.training)


def _read_metrics(path: Path) -> dict[str, Any]:
    try:
        metrics = json.loads(path.read_text())
        numbers = [value for name, value in metrics.items() if name != 'checkpoint']
        if not all(value is None or isinstance(value, (int, float)) for value in numbers):
            raise ValueError('a metric is no number')
        return metrics
    except (ValueError, AttributeError, RecursionError) as error:
        raise UserError(f'{path} is no file of results ({error}): remove it and test again') from error


def run(job: Job, echo: Callable[[str], None] = lambda line: None) -> dict[str, float]:
    """Train to the last epoch and test that epoch's checkpoint; skip both if the metrics are there.

    Args:
        job: What to run.
        echo: Gets every progress line of the processes.

    Returns:
        The metrics.

    Raises:
        UserError: A process failed (says which and where its output is), or the folder holds another training.
    """
    if job.metrics is None:
        if job.trained is None:
            train(job, echo)
        else:
            run(job.trained, echo)
        _tool(job, 'test.py', [str(job.config), str(job.last_checkpoint), '--work-dir', str(job.work_dir),
                               *job.test_arguments], echo)
        record = Record.of(job.work_dir)
        record.test = job.settings.test
        record.save(job.work_dir)
    return job.metrics or {}


def train(job: Job, echo: Callable[[str], None] = lambda line: None) -> None:
    """Train to the last epoch; begin, go on, or do nothing if that is done.

    The folder's record says with what, and at last that the training has ended.

    Raises:
        UserError: As :func:`run`.
    """
    settings, checkpoint, record = job.settings, job.last_checkpoint, Record.of(job.work_dir)
    if checkpoint is not None:
        if settings.length and job.is_trained(checkpoint):
            return
        reached, length = number_of(checkpoint), settings.length
        longer = reached and length and reached[0] == length[0] and reached[1] > length[1]
        if longer or record.training not in ('', settings.training):
            what = f'goes on to {checkpoint.name}' if longer else 'has other settings'
            raise UserError(f'the training in {job.work_dir} {what}, unlike {job.config} with the present options: '
                            'choose another folder for the results, or remove that one')
    replace(record, training=settings.training, finished=None).save(job.work_dir)
    _tool(job, 'train.py', [str(job.config), '--work-dir', str(job.work_dir), '--resume', *job.train_arguments], echo)
    if (checkpoint := job.last_checkpoint) is not None:
        Record(settings.training, record.test, [checkpoint.name, settings.length and list(settings.length)]
               ).save(job.work_dir)


def _tool(job: Job, name: str, arguments: list[str], echo: Callable[[str], None]) -> None:
    job.work_dir.mkdir(parents=True, exist_ok=True)
    log_path = job.work_dir / 'output.log'
    last = ''
    with open(log_path, 'a') as log:  # before the process, which nobody would end if this fails
        process = ToolProcess(ROOT / 'tools' / name, arguments, job.environment, job.forked)
        _children.add(process)
        try:
            for line in process:
                log.write(line)
                log.flush()
                if line.startswith(PREFIX):
                    echo(line.removeprefix(PREFIX).rstrip())
                last = line.strip() or last
        except BaseException:
            process.terminate()
            raise
        finally:
            status = process.wait()
            _children.discard(process)
    if status:
        reason = last.removeprefix('error: ') if last.startswith('error: ') else f'see the end of {log_path}'
        raise UserError(f'tools/{name} failed for {job.config}: {reason}')
