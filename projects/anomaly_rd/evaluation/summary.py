"""Metrics and curves by name, from a ranking."""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np

from .functional.precision_recall import best_f1, precision_area, precision_recall_points
from .functional.pro import pro_area, pro_points
from .functional.ranking import Ranking
from .functional.roc import roc_area, roc_points

Curve = tuple[np.ndarray, np.ndarray]

IMAGE_METRICS: dict[str, Callable[[Ranking], float]] = dict(
    image_auroc=roc_area, image_ap=precision_area, image_f1max=best_f1)
PIXEL_METRICS: dict[str, Callable[[Ranking], float]] = dict(
    pixel_auroc=roc_area, aupro=pro_area, aupro_05=partial(pro_area, fpr_limit=0.05), pixel_ap=precision_area,
    pixel_f1max=best_f1)
IMAGE_CURVES: dict[str, Callable[[Ranking], Curve]] = dict(image_roc=roc_points, image_pr=precision_recall_points)
PIXEL_CURVES: dict[str, Callable[[Ranking], Curve]] = dict(
    pixel_roc=roc_points, pixel_pr=precision_recall_points, pro=pro_points)

#: All of them in the order of tables.
METRIC_NAMES = ('image_auroc', 'pixel_auroc', 'aupro', 'aupro_05', 'image_ap', 'pixel_ap', 'image_f1max', 'pixel_f1max')


def values(functions: dict[str, Callable[[Ranking], float]], names: Iterable[str],
           ranking: Ranking) -> dict[str, float]:
    """Those metrics of the dict that are asked for; an undefined one is NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the metric names all that is undefined in one message
        return {name: functions[name](ranking) for name in names if name in functions}


def curves(functions: dict[str, Callable[[Ranking], Curve]], ranking: Ranking) -> dict[str, Curve]:
    """The curves of the dict, of few points each."""
    return {name: thin_curve(*function(ranking)) for name, function in functions.items()}


def thin_curve(x: np.ndarray, y: np.ndarray, points: int = 1000) -> Curve:
    """At most ``points`` points of a polyline (n,), (n,), evenly along its length and with both ends."""
    if len(x) <= points:
        return x, y
    length = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))))
    kept = np.unique(np.searchsorted(length, np.linspace(0, length[-1], points - 1)))
    kept = np.union1d(np.minimum(kept, len(x) - 1), len(x) - 1)
    return x[kept], y[kept]
