"""The table of a sweep: every category, the means of textures and objects, and how far the seeds differ."""
from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mminspect.experiments.environment import environment
from mminspect.experiments.table import MISSING

from .evaluation import METRIC_NAMES
from .sweep import Run

#: Of MVTec AD.
TEXTURES = ('carpet', 'grid', 'leather', 'tile', 'wood')
#: Of MVTec AD and of VisA.
OBJECTS = ('bottle', 'cable', 'capsule', 'hazelnut', 'metal_nut', 'pill', 'screw', 'toothbrush', 'transistor', 'zipper',
           'candle', 'capsules', 'cashew', 'chewinggum', 'fryum', 'macaroni1', 'macaroni2', 'pcb1', 'pcb2', 'pcb3',
           'pcb4', 'pipe_fryum')
CAPTION = ('Percent; last epoch. Mean ± standard deviation over the seeds; in the rows of means every seed gives one '
           'mean over the categories. n/a is undefined or not run and enters no mean; (k/n): only k of n seeds, or of '
           'n categories, have values.')


@dataclass(frozen=True)
class Cell:
    """A mean over seeds, as fractions.

    Attributes:
        mean: None where no value is defined.
        std: Sample standard deviation over seeds; None for fewer than two.
        count: Number of seeds (categories in a row of means) with a value.
        total: Number of seeds (categories) asked for.
    """

    mean: float | None
    std: float | None
    count: int
    total: int

    def __str__(self) -> str:
        if self.mean is None:
            return MISSING
        spread = '' if self.std is None else f' ± {100 * self.std:.1f}'
        return f'{100 * self.mean:.1f}{spread}' + (f' ({self.count}/{self.total})' if self.count < self.total else '')


def over_seeds(values: Sequence[float | None]) -> Cell:
    """One category: its values by seed; None and NaN are left out."""
    defined = [value for value in values if value is not None and not math.isnan(value)]
    return _cell(defined, len(defined), len(values))


def over_categories(values: Sequence[Sequence[float | None]]) -> Cell:
    """Several categories: their values by seed.

    Only categories with a value for every seed are averaged: with others, the seeds' means would differ by what they
    are means of.
    """
    complete = [row for row in values if not any(value is None or math.isnan(value) for value in row)]
    return _cell([statistics.fmean(seed) for seed in zip(*complete, strict=True)], len(complete), len(values))


def _cell(values: Sequence[float], count: int, total: int) -> Cell:
    return Cell(statistics.fmean(values) if values else None, statistics.stdev(values) if len(values) > 1 else None,
                count, total)


def summarise(runs: Sequence[Run], textures: Sequence[str] = ()) -> dict[tuple[str, str], dict[str, Cell]]:
    """Cells by (config, row) and metric; rows are the categories, then the means.

    Args:
        runs: Of all configs, categories and seeds; unfinished ones are n/a.
        textures: Categories that are textures, besides those of MVTec AD.
    """
    measured = {(run.config, run.category, run.seed): run.metrics or {} for run in runs}
    configs, categories, seeds = (list(dict.fromkeys(column)) for column in zip(*measured, strict=True))
    groups = {'texture mean': [c for c in categories if c in (*TEXTURES, *textures)],
              'object mean': [c for c in categories if c in OBJECTS and c not in textures],
              'mean': categories if len(categories) > 1 else []}
    table: dict[tuple[str, str], dict[str, Cell]] = {}
    for config in configs:
        values = {(category, metric): [measured[config, category, seed].get(metric) for seed in seeds]
                  for category in categories for metric in METRIC_NAMES}
        for category in categories:
            table[config, category] = {metric: over_seeds(values[category, metric]) for metric in METRIC_NAMES}
        for group, members in groups.items():
            if members:
                table[config, group] = {metric: over_categories([values[member, metric] for member in members])
                                        for metric in METRIC_NAMES}
    return table


def cells(table: Mapping[tuple[str, str], Mapping[str, Cell]]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of text for :mod:`mminspect.experiments.table`; the config stands in its first row only."""
    rows, last = [], None
    for (config, row), values in table.items():
        rows.append([config if config != last else '', row, *map(str, values.values())])
        last = config
    return ['config', 'category', *METRIC_NAMES], rows


def record(runs: Sequence[Run], table: Mapping[tuple[str, str], Mapping[str, Cell]],
           failed: Mapping[Run, str]) -> str:
    """The sweep as JSON text, fractions in full precision, null for what is undefined."""
    rows = [dict(config=config, row=row, metrics={name: asdict(cell) for name, cell in values.items()})
            for (config, row), values in table.items()]
    content = dict(environment(), selection='last epoch', runs=[
        dict(config=str(run.job.config), category=run.category, seed=run.seed, work_dir=str(run.job.work_dir),
             metrics=_finite(run.metrics), error=failed.get(run)) for run in runs], rows=rows)
    return json.dumps(content, indent=2, allow_nan=False) + '\n'


def _finite(metrics: Mapping[str, float] | None) -> dict[str, Any] | None:
    return metrics and {name: None if math.isnan(value) else value for name, value in metrics.items()}
