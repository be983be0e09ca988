"""Thresholds with a stated false-reject rate, from the scores of normal images alone.

With n scores of normal images that are exchangeable with those to come, a new good part exceeds the k-th smallest of
them with probability (n + 1 - k) / (n + 1) at most: split conformal prediction (Vovk et al., "Algorithmic Learning in a
Random World", 2005; Lei et al., "Distribution-Free Predictive Inference for Regression", 2018). That is an average over
calibration sets; how far the rate of this one set may be off is told by its confidence interval.
"""
from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from mminspect.core import stored
from mminspect.core.errors import UserError

from .threshold import HOLDOUT, TRAINING, Threshold, finite_scores


@dataclass(frozen=True)
class RateEstimate:
    """Share of good parts that a threshold rejects.

    Attributes:
        rate: Expected, 0..1.
        low: Lower end of the interval, 0..1.
        high: Upper end.
        confidence: That the true rate lies in the interval, 0..1.
        count: Number of normal images that say so.
    """

    rate: float
    low: float
    high: float
    confidence: float
    count: int

    def __str__(self) -> str:
        rate, low, high, confidence = map(percentage, (self.rate, self.low, self.high, self.confidence))
        return f'{rate} % ({confidence} % interval {low} to {high} %, {self.count} normal images)'

    def beside(self, asked: float | None) -> str:
        """As text, with the rate that was asked for (0..1) where one was and it is another."""
        if asked is None or percentage(asked) == percentage(self.rate):
            return str(self)
        return f'{self}; asked for: at most {percentage(asked)} %'


@dataclass(frozen=True)
class NormalScores:
    """Scores of normal images, kept so that a threshold can be chosen and changed later.

    Attributes:
        values: n numbers, ascending.
        origin: What the images are, as in :class:`Threshold`.
    """

    values: tuple[float, ...]
    origin: str = HOLDOUT

    @classmethod
    def of(cls, scores: Sequence[float] | ArrayLike, origin: str = HOLDOUT) -> NormalScores:
        """From scores in any order.

        Raises:
            UserError: There is none, or one is NaN or infinite.
        """
        return cls(tuple(np.sort(finite_scores(scores)).tolist()), origin)

    def __len__(self) -> int:
        return len(self.values)

    @property
    def unseen(self) -> bool:
        """Whether rates follow from them: scores of training images are lower than those of new good parts."""
        return self.origin != TRAINING

    def threshold(self, rate: float) -> Threshold:
        """The smallest of the scores that a new good part exceeds with probability ``rate`` at most.

        Args:
            rate: Wanted false-reject rate, in (0, 1).

        Raises:
            UserError: The rate is outside, the images are too few for it (says how many are needed), or the training
                has seen them.
        """
        if not self.unseen:
            raise UserError(f'the {len(self)} scores in the model are of its training images, which promise no '
                            'false-reject rate: calibrate with other images of good parts (mminspect calibrate)')
        needed = needed_images(rate)
        if len(self) < needed:
            raise UserError(f'{len(self)} normal images are too few for a false-reject rate of {100 * rate:g} %: '
                            f'calibrate with {needed} at least, or ask for {lowest_percentage(len(self))} % or more')
        rank = math.ceil(round((len(self) + 1) * (1 - rate), 9))  # round: 0.99 * 100 must not be a little above 99
        return Threshold(self.values[max(rank, 1) - 1], self.origin, len(self),
                         f'false-reject rate {percentage(rate)} %')

    def false_reject_rate(self, value: float, confidence: float = 0.95) -> RateEstimate:
        """What a threshold of ``value`` rejects: its conformal bound, and the interval of Clopper and Pearson (1934).

        Args:
            value: Scores above it are rejected.
            confidence: Confidence level of the interval, in (0, 1).
        """
        n, above = len(self), len(self) - bisect_right(self.values, value)
        tail = (1 - confidence) / 2
        low = 0.0 if above == 0 else float(betaincinv(above, n - above + 1, tail))
        high = 1.0 if above == n else float(betaincinv(above + 1, n - above, 1 - tail))
        return RateEstimate((above + 1) / (n + 1), low, high, confidence, n)

    def histogram(self, bins: int = 40) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Counts (bins,) and edges (bins + 1,)."""
        return np.histogram(self.values, bins)

    def state(self) -> dict[str, Any]:
        """Plain numbers and strings."""
        return dict(values=list(self.values), origin=self.origin)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> NormalScores:
        """The reverse of :meth:`state`; raises KeyError, TypeError or ValueError for something else."""
        values = stored.listed(stored.entries(state, 'scores')['values'], 'scores.values', least=1)
        return cls(tuple(sorted(stored.finite(value, 'scores.values') for value in values)),
                   stored.word(state['origin'], 'scores.origin'))


def percentage(share: float) -> str:
    """A share of 0..1 in percent as it is written everywhere: two digits, three where these are all it has."""
    value = 100 * share
    three = f'{value:.3g}'
    return three if value > 99 or math.isclose(float(three), value, abs_tol=1e-9) else f'{value:.2g}'  # no 1e+02


def needed_images(rate: float) -> int:
    """The smallest number of normal images that a false-reject rate can be promised with: ceil(1 / rate) - 1.

    Raises:
        UserError: The rate is not in (0, 1).
    """
    if not 0 < rate < 1:
        raise UserError(f'a false-reject rate lies between 0 and 1 (0.01 is one good part of a hundred), got {rate}')
    return max(1, math.ceil(round(1 / rate, 9)) - 1)


def lowest_percentage(count: int) -> str:
    """The smallest false-reject rate that so many normal images promise, 1 / (count + 1), in percent to be read.

    Two digits, rounded up: a rate rounded down would need more images.
    """
    exact = 100 / (count + 1)
    step = 10 ** (math.floor(math.log10(exact)) - 1)
    return f'{math.ceil(round(exact / step, 9)) * step:.2g}'
