"""Runs of several configs in one table, each above the rows the paper prints for it."""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.experiments import latency, table
from mminspect.experiments.complexity import complexity_of
from mminspect.experiments.environment import default_device, environment
from mminspect.experiments.jobs import Job
from mminspect.models.building import load_model

from .published import COST, METRICS, NUMBERS_ONLY, TABLES, normalise, published, references_of

COLUMNS = METRICS + COST
#: Names of the metrics as ``InspectionCocoMetric`` returns them, without its prefixes.
METRIC_KEYS = dict(zip(METRICS, ('mAP_50', 'mAP', 'mAP_s', 'AR@100', 'AR_s@1000'), strict=True))


@dataclass(frozen=True)
class Row:
    """One line of the comparison.

    Attributes:
        name: Name of the config, or the published row.
        values: By column; None where there is no value. Metrics in percent, FLOPs in 10^9, params in 10^6, FPS in 1/s.
        references: The published rows that this one stands beside, or the one that it is.
        measured: False for a published row.
        details: What belongs to the numbers: config, seed, checkpoint.
    """

    name: str
    values: dict[str, float | None]
    references: tuple[str, ...] = ()
    measured: bool = True
    details: dict[str, Any] = field(default_factory=dict)


def jobs_of(configs: Sequence[str], work_root: str | Path) -> list[Job]:
    """One job per config, in ``<work_root>/<name of the config>``.

    Raises:
        UserError: Two configs share a name, and so a folder.
    """
    stems = [Path(config).stem for config in configs]
    if twice := sorted({stem for stem in stems if stems.count(stem) > 1}):
        raise UserError(f'several configs are called {twice[0]} and would share one folder of results: '
                        'compare them with a --work-root each')
    return [Job(config, Path(work_root) / stem) for config, stem in zip(configs, stems, strict=True)]


def metrics_of(job: Job) -> dict[str, float | None]:
    """Percent by column; None for what was not measured and for undefined values (-1).

    Raises:
        UserError: The file of results is damaged.
    """
    try:
        found = job.metrics or {}
        values = {column: float(found.get(key, -1)) for column, key in METRIC_KEYS.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f'{job.work_dir / "metrics.json"} is no file of results: remove it and test again') from error
    return {column: 100 * value if value >= 0 else None for column, value in values.items()}


def measured_row(job: Job, shape: tuple[int, int], images: int) -> Row:
    """Metrics of a job and the cost of its model.

    Args:
        job: Whose results; those of a run that was not tested are None.
        shape: (H, W) in pixels for FLOPs and FPS.
        images: Number of images to time; 0 leaves FPS out.

    Raises:
        UserError: The config does not exist, what it names as published is no row, or its checkpoint is damaged.
    """
    cfg = runtime.load_config(str(job.config))
    cost = complexity_of(cfg, shape)
    checkpoint = job.last_checkpoint
    if checkpoint is not None and not checkpoint.is_file():  # moved or deleted; its metrics are still good
        checkpoint = None
    speed = _speed(cfg, checkpoint, shape, images) if images else None
    return Row(
        job.work_dir.name,
        dict(metrics_of(job), FLOPs=cost.flops / 1e9, params=cost.trainable / 1e6, FPS=speed),
        references_of(cfg.get('published')),
        details=dict(config=str(job.config), seed=(cfg.get('randomness') or {}).get('seed'),
                     checkpoint=None if checkpoint is None else str(checkpoint)))


def _speed(cfg: Config, checkpoint: Path | None, shape: tuple[int, int], images: int) -> float:
    model = load_model(cfg, None if checkpoint is None else str(checkpoint), default_device())
    return latency.measure(model, latency.random_images(shape), images, warmup=min(5, images)).fps


def published_row(reference: str) -> Row:
    """The paper's row; see :func:`fdrd.published.published` for what it raises."""
    values = published(reference)
    key = normalise(reference)
    return Row(f'paper: {key}', {column: values.get(column) for column in COLUMNS}, (key, ), measured=False)


def with_published(rows: Sequence[Row], further: Sequence[str] = ()) -> list[Row]:
    """``rows``, each followed by its published rows; at the end, published rows that nobody ran.

    Those are ``further`` and, where a table with ACMA and SQR is referred to, these two: there is no code of them.
    """
    combined: list[Row] = []
    for row in rows:
        combined += [row, *map(published_row, row.references)]
    tables = dict.fromkeys(reference.split('/')[0] for row in combined for reference in row.references)
    extra = [*further, *(f'{name}/{key}' for name in tables for key in NUMBERS_ONLY if key in TABLES[name])]
    shown = {reference for row in combined for reference in row.references}
    for reference in dict.fromkeys(map(normalise, extra)):
        if reference not in shown:
            combined.append(published_row(reference))
    return combined


def cells(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of text."""
    return ['', *COLUMNS], [[row.name, *(table.cell(row.values[column]) for column in COLUMNS)] for row in rows]


def caption(shape: tuple[int, int], images: int) -> str:
    """What the numbers are; belongs under the table."""
    state = environment()
    speed = f'FPS: {images} images at batch size 1 on {state["device"]}, torch {state["torch"]}, {state["threads"]} ' \
            f'CPU threads, random weights without a checkpoint; {latency.INCLUDED}' if images else 'FPS: not measured'
    return (f'Metrics in percent, last epoch. FLOPs (10^9) and params (10^6, trainable) at 1x3x{shape[0]}x{shape[1]}. '
            f'{speed}. Rows of the paper: FLOPs at 1x3x800x1280, FPS on an RTX 4070 Ti, no seeds given.')


def record(rows: Sequence[Row], shape: tuple[int, int], images: int) -> str:
    """The comparison as JSON text, with commit, device and seeds."""
    content = dict(environment(), shape=list(shape), images=images, rows=[
        dict(name=row.name, measured=row.measured, published=list(row.references), values=row.values, **row.details)
        for row in rows])
    return json.dumps(content, indent=2) + '\n'
