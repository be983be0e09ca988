"""Scores in descending order with cumulative counts: what every threshold-free metric is computed from."""
from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from mminspect.core.errors import UserError


@dataclass(frozen=True)
class Ranking:
    """What lies at or above each of K descending thresholds. Equal scores share one entry, so ties need no care.

    Attributes:
        scores: (K,) thresholds, descending.
        normal: (K,) int64, normal samples with a score at or above the threshold.
        anomalous: (K,) int64, the same for the anomalous samples.
        overlap: (K,) float64 in 0..1, mean covered share of the defect regions; None where there are no regions.
    """

    scores: np.ndarray
    normal: np.ndarray
    anomalous: np.ndarray
    overlap: np.ndarray | None = None

    @property
    def defined(self) -> bool:
        """Whether both classes occur."""
        return bool(len(self.scores) and self.normal[-1] and self.anomalous[-1])


def rank(scores: np.ndarray, labels: np.ndarray, shares: np.ndarray | None = None) -> Ranking:
    """Sort exactly.

    Args:
        scores: (P,) finite scores, larger is more anomalous.
        labels: (P,) bool, True is anomalous.
        shares: (P,) what each sample adds to the overlap; sums to 1.
    """
    order = np.argsort(scores)[::-1]
    ordered = scores[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)[:len(ordered)]
    anomalous = np.cumsum(labels[order], dtype=np.int64)[ends]
    overlap = None if shares is None else np.cumsum(shares[order])[ends]
    return Ranking(ordered[ends], ends + 1 - anomalous, anomalous, overlap)


def checked(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flat float scores and flat bool labels.

    Raises:
        UserError: If the lengths differ, a label is neither 0 nor 1, or a score is NaN or infinite.
    """
    scores, labels = np.asarray(scores).ravel(), np.asarray(labels).ravel()
    if len(scores) != len(labels):
        raise UserError(f'There are {len(scores)} scores but {len(labels)} labels; give one label for every score.')
    if not ((labels == 0) | (labels == 1)).all():
        raise UserError('The labels of a metric must be 0 (normal) or 1 (anomalous); map other values to these first.')
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        raise UserError(f'Score {bad[0]} is {scores[bad[0]]}; scores must be finite: look at the model.')
    return scores, labels.astype(bool)


def undefined(metric: str, reason: str) -> float:
    """NaN, with a warning."""
    warnings.warn(f'{metric} is undefined: {reason}.', stacklevel=3)
    return float('nan')
