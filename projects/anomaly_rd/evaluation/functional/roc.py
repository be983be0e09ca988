"""Receiver operating characteristic."""
from __future__ import annotations

import numpy as np

from .ranking import Ranking, checked, rank, undefined


def roc_auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve: the chance that an anomalous sample scores above a normal one, a tie being one half.

    Args:
        scores: (P,) or any shape, finite, larger is more anomalous.
        labels: The same shape, 0 normal or 1 anomalous.

    Returns:
        In 0..1; NaN with a warning where one class is missing.

    Raises:
        UserError: If a score is NaN or infinite, or scores and labels do not fit.
    """
    return roc_area(rank(*checked(scores, labels)))


def roc_curve(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rate from (0, 0) to (1, 1), one point for every distinct score."""
    return roc_points(rank(*checked(scores, labels)))


def roc_area(ranking: Ranking) -> float:
    """As :func:`roc_auc`."""
    if not ranking.defined:
        return undefined('AUROC', 'only one class occurs')
    return area(*roc_points(ranking))


def roc_points(ranking: Ranking) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`roc_curve`; both empty where one class is missing."""
    if not ranking.defined:
        return np.empty(0), np.empty(0)
    return from_zero(ranking.normal / ranking.normal[-1]), from_zero(ranking.anomalous / ranking.anomalous[-1])


def from_zero(values: np.ndarray) -> np.ndarray:
    """The values behind a 0."""
    return np.concatenate(([0.0], values))


def area(x: np.ndarray, y: np.ndarray) -> float:
    """Area under a polyline (trapezoids)."""
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)
