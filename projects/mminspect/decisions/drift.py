"""Has the distribution of scores moved since the calibration?"""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mminspect.core.errors import UserError

from .normal_scores import NormalScores

#: Scores that a window has at least.
SMALLEST_WINDOW = 10


@dataclass(frozen=True)
class DriftReport:
    """Outcome of the test.

    Attributes:
        drifted: Whether the two samples differ by more than chance allows.
        p_value: Probability of such a difference by chance, 0..1; NaN before the window is full.
        statistic: Largest distance between the two cumulative distributions, 0..1; NaN likewise.
        count: Scores in the window.
    """

    drifted: bool
    p_value: float
    statistic: float
    count: int


def compare(reference: Sequence[float], scores: Collection[float], alpha: float) -> DriftReport:
    """The two-sample test of Kolmogorov and Smirnov, exact for small samples.

    Args:
        reference: At least one score.
        scores: At least one.
        alpha: Probability, in (0, 1), below which the difference counts as one.
    """
    from scipy.stats import ks_2samp  # here: it takes most of a second to import
    result = ks_2samp(np.asarray(reference, float), np.array([*scores], float))
    return DriftReport(bool(result.pvalue < alpha), float(result.pvalue), float(result.statistic), len(scores))


class DriftMonitor:
    """Compare the last scores with those of the calibration: two-sample test of Kolmogorov and Smirnov.

    A few defective parts do not move the distribution; light, focus or material that changed do. Successive reports
    share most of their window, so that one look per score still raises about one false alarm per 1 / ``alpha``
    windows.

    Args:
        reference: Scores of the calibration.
        window: How many of the last scores are compared; before there are so many, nothing is said.
        alpha: Probability of a false alarm per window.

    Raises:
        UserError: The window has less than :data:`SMALLEST_WINDOW` scores, or alpha is not in (0, 1).
    """

    def __init__(self, reference: NormalScores, window: int = 200, alpha: float = 0.001) -> None:
        if window < SMALLEST_WINDOW or not 0 < alpha < 1:
            raise UserError(f'drift needs a window of {SMALLEST_WINDOW} scores at least and alpha in (0, 1), got '
                            f'{window} and {alpha}')
        self.reference, self.alpha = reference, alpha
        self._scores: deque[float] = deque(maxlen=window)

    def add(self, score: float) -> None:
        """Take the next part's score; one that is not finite is left out."""
        if math.isfinite(score):
            self._scores.append(float(score))

    def report(self) -> DriftReport:
        """Test the present window."""
        if len(self._scores) < self._scores.maxlen:
            return DriftReport(False, math.nan, math.nan, len(self._scores))
        return compare(self.reference.values, self._scores, self.alpha)
