"""The steps from good pictures to an inspected folder; what is done is skipped, what was interrupted goes on."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.core.locks import writing_alone
from mminspect.core.log import quiet_log
from mminspect.decisions import RateEstimate, percentage
from mminspect.experiments import jobs
from mminspect.inspection import load_inspector
from mminspect.inspection.calibrating import calibrate, store_calibration
from mminspect.inspection.command import main as inspect
from mminspect.inspection.export import export_network, make_target
from mminspect.inspection.networks import build_network
from mminspect.inspection.output import read_lines
from mminspect.inspection.output.folder import LINES
from mminspect.inspection.sources import find_images
from mminspect.models.checkpoint import Checkpoint
from mminspect.runtime import load_config
from mminspect.survey.calibration_images import CalibrationImages

from .own_config import ENOUGH, HOW_MANY, write_config
from .paths import Paths
from .report import write_report
from .training_data import check_files, held_out, promised_rate, trained_on

Echo = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What the user asks for.

    Attributes:
        good: Folder of good pictures.
        test: Pictures to inspect; None takes the good ones that the training has not seen.
        work_dir: Folder of the run; None takes ``work_dirs/<name of the part>``.
        rate: Share of good parts that may be rejected; None takes the smallest that the kept pictures can promise.
    """

    good: Path
    test: Path | None = None
    work_dir: Path | None = None
    rate: float | None = None


def quickstart(settings: Settings, echo: Echo) -> Paths:
    """Run all steps.

    Args:
        settings: What the user asks for.
        echo: Gets every line for the user.

    Raises:
        UserError: A folder, a picture or a step is not as it should be: says what, where, and what to do.
    """
    paths = Paths(write_config(settings.good, settings.work_dir))
    refusal = f"another quickstart writes into '{paths.folder}': wait for its end, or give another folder (--out)"
    with writing_alone(paths.folder, 'quickstart', refusal):
        return _run(settings, paths, echo)


def _run(settings: Settings, paths: Paths, echo: Echo) -> Paths:
    check_test(settings.test, paths)  # not behind minutes of training
    cfg = load_config(str(paths.config))
    kept = held_out(cfg)
    rate, trained = promised_rate(settings.rate, len(kept)), trained_on(cfg)
    for line in check_files(cfg):
        echo(line)
    for line in remarks(len(trained), len(kept)):
        echo(line)
    echo(f'the config, to read and to change: {paths.config}')
    job = jobs.Job(paths.config, paths.folder)
    with _step('training', echo):
        jobs.train(job, lambda line: echo(f'  {line}'))
    with _step('exporting', echo), quiet_log():
        export(job.last_checkpoint, paths.model)
    with _step('choosing the threshold', echo):
        expected = store_threshold(paths.model, kept, rate)
        echo(f'  good parts that it rejects: {expected.beside(settings.rate)}')
    with _step('inspecting', echo):
        unread = inspected(paths, kept if settings.test is None else [settings.test])
    write_report(paths, settings.test, kept, {os.path.realpath(path) for path in trained})
    if unread is not None:
        raise UserError(f'{unread}; {paths.report} is of the others')
    return paths


def remarks(trained: int, kept: int) -> list[str]:
    """What so many good pictures, for the training and for the threshold, are too few for; nothing from
    :data:`~anomaly_rd.quickstart.own_config.ENOUGH` on."""
    if trained + kept >= ENOUGH:
        return []
    return [f'{trained + kept} good pictures are few ({HOW_MANY}): with {kept} of them to choose the threshold by, no '
            f'less than {percentage(1 / (kept + 1))} % of rejected good parts can be promised']


def check_test(test: Path | None, paths: Paths) -> None:
    """Raise UserError if there are no pictures to inspect, or the results would be among them."""
    if test is None:
        return
    find_images([test])
    if paths.folder.resolve().is_relative_to(test.resolve()):
        raise UserError(f"'{test}' holds the results of this run, '{paths.folder}', whose pictures are no parts: name "
                        'a folder without them (--test), or put them elsewhere (--out)')


def inspected(paths: Paths, pictures: Sequence[str | Path]) -> str | None:
    """Inspect, and say in a sentence which pictures could not be read, if any.

    Raises:
        UserError: None could be read.
    """
    try:
        inspect([str(paths.model), *(os.path.abspath(path) for path in pictures), '--out',
                 os.path.abspath(paths.results), '--overwrite'])  # a name may begin with '-'
    except UserError as error:
        if not any(read_lines(paths.results / LINES)):
            raise
        return str(error).replace('the same command with --resume', 'the same command')
    return None


def export(checkpoint: Path, out: Path) -> None:
    """Write the exported model, unless it is newer than the checkpoint."""
    if out.is_file() and out.stat().st_mtime > checkpoint.stat().st_mtime:
        return
    opened = Checkpoint.open(checkpoint)
    network = build_network(opened.config(), opened)
    export_network(network, out, make_target(out))


def store_threshold(model: Path, images: Sequence[str | Path], rate: float,
                    origin: str = 'good pictures kept from the training') -> RateEstimate:
    """Choose the threshold by good pictures that the training has not seen; returns what it rejects of such.

    Args:
        model: Exported, or a checkpoint; the threshold is stored in it.
        images: Good pictures.
        rate: Share of good parts that may be rejected.
        origin: What to call the pictures.
    """
    inspector = load_inspector(model)
    parts = CalibrationImages(inspector.spec.reading.read)
    for pixels, result in inspector.pairs(images):
        parts.add(result, pixels)
    found = calibrate(parts.counted_once(images), rate, origin, inspector.calibration)
    store_calibration(model, found)
    return found.scores.false_reject_rate(found.threshold.value)


@contextmanager
def _step(what: str, echo: Echo) -> Iterator[None]:
    start = time.monotonic()
    echo(f'{what} ...')
    yield
    echo(f'  {time.monotonic() - start:.0f} s')
