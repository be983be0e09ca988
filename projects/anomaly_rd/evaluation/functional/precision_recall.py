"""Precision and recall: average precision and the best F1."""
from __future__ import annotations

import numpy as np

from .ranking import Ranking, checked, rank, undefined
from .roc import from_zero


def average_precision(scores: np.ndarray, labels: np.ndarray) -> float:
    """Step-wise average precision, the sum over descending thresholds of (R_n - R_{n-1}) P_n; no interpolation.

    Args:
        scores: (P,) or any shape, finite, larger is more anomalous.
        labels: The same shape, 0 normal or 1 anomalous.

    Returns:
        In 0..1; NaN with a warning where one class is missing.

    Raises:
        UserError: If a score is NaN or infinite, or scores and labels do not fit.
    """
    return precision_area(rank(*checked(scores, labels)))


def f1_max(scores: np.ndarray, labels: np.ndarray) -> float:
    """The largest F1 = 2PR / (P + R) over all thresholds. Arguments, result and errors: :func:`average_precision`."""
    return best_f1(rank(*checked(scores, labels)))


def precision_recall_curve(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall (ascending, from 0) and precision (1 at recall 0), one point for every distinct score."""
    return precision_recall_points(rank(*checked(scores, labels)))


def precision_area(ranking: Ranking) -> float:
    """As :func:`average_precision`."""
    if not ranking.defined:
        return undefined('Average precision', 'only one class occurs')
    recall, precision = precision_recall_points(ranking)
    return float(np.sum(np.diff(recall) * precision[1:]))


def best_f1(ranking: Ranking) -> float:
    """As :func:`f1_max`."""
    if not ranking.defined:
        return undefined('F1-max', 'only one class occurs')
    # 2PR / (P + R) = 2 TP / (found + all anomalous), which is 0 where nothing is hit
    found = ranking.normal + ranking.anomalous
    return float(np.max(2 * ranking.anomalous / (found + ranking.anomalous[-1])))


def precision_recall_points(ranking: Ranking) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`precision_recall_curve`; both empty where one class is missing."""
    if not ranking.defined:
        return np.empty(0), np.empty(0)
    precision = ranking.anomalous / (ranking.normal + ranking.anomalous)
    return from_zero(ranking.anomalous / ranking.anomalous[-1]), np.concatenate(([1.0], precision))
