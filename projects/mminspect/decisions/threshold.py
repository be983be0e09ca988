"""Thresholds on anomaly scores, each with the origin of the scores it was fitted on.

A score strictly above the threshold is called anomalous. The default is fitted on normal images alone; the threshold
that maximises F1 needs labelled defects and is therefore an oracle: it never becomes a default, and without a defect
it is an error instead of the smallest score, which would call every image anomalous.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mminspect.core.errors import UserError

#: Where scores come from, as it is printed beside a threshold.
HOLDOUT, TRAINING, ORACLE = 'hold-out normal images', 'training images', 'oracle'
#: Rules of :func:`fit_threshold`.
RULES = ('quantile', 'max', 'mean_3sigma')
#: What the last of them is called in :attr:`Threshold.rule`.
MEAN_3SIGMA = 'mean + 3 sigma'


@dataclass(frozen=True)
class Threshold:
    """A limit on scores.

    Attributes:
        value: Scores above it are anomalous.
        origin: What it was fitted on: :data:`HOLDOUT`, :data:`TRAINING`, :data:`ORACLE` or words of the caller.
        count: Number of images it was fitted on; 0 for one that was given.
        rule: How, in words.
    """

    value: float
    origin: str
    count: int
    rule: str = 'given'

    def __str__(self) -> str:
        return f'{self.value:.4g} ({self.origin}: {self.rule}{f", {self.count} images" if self.count else ""})'


def fit_threshold(scores: Sequence[float] | ArrayLike, rule: str = 'quantile', quantile: float = 0.995,
                  origin: str = HOLDOUT) -> Threshold:
    """Threshold from scores of normal images.

    ``'quantile'`` is the smallest score that at least the share ``quantile`` of the images do not exceed (the inverse
    of the empirical distribution, no interpolation). With n images it is therefore the largest score as long as
    n < 1 / (1 - quantile), i.e. below 200 images for 0.995, and the k-th largest from there on with
    k = floor(n (1 - quantile)) + 1. ``'max'`` is the largest score, ``'mean_3sigma'`` the mean plus three sample
    standard deviations.

    Args:
        scores: Scores of normal images, at least one; two for ``'mean_3sigma'``.
        rule: One of :data:`RULES`.
        quantile: For the rule 'quantile', in (0, 1].
        origin: What the images are.

    Raises:
        UserError: No score, one that is NaN or infinite, an unknown rule or a quantile outside (0, 1].
    """
    values = finite_scores(scores)
    if rule == 'quantile':
        if not 0 < quantile <= 1:
            raise UserError(f'the quantile of a threshold must be in (0, 1], got {quantile}')
        # round: 0.995 * 200 must not be a little above 199
        rank = int(np.ceil(np.round(quantile * values.size, 9)))
        value, words = np.sort(values)[max(rank, 1) - 1], f'quantile {quantile:g}'
    elif rule == 'max':
        value, words = values.max(), 'largest score'
    elif rule == 'mean_3sigma':
        if values.size < 2:
            raise UserError('mean + 3 sigma needs the scores of two normal images at least: give more images or use '
                            'rule="max"')
        value, words = values.mean() + 3 * values.std(ddof=1), MEAN_3SIGMA
    else:
        raise UserError(f'a threshold has no rule {rule!r}: choose one of {", ".join(RULES)}')
    return Threshold(float(value), origin, int(values.size), words)


def oracle_threshold(scores: Sequence[float] | ArrayLike, labels: Sequence[int] | ArrayLike) -> Threshold:
    """The threshold with the largest F1 on labelled images; of several, the highest.

    It is the largest score that is still called normal; where F1 is largest with every image called anomalous, the
    number just below the smallest score.

    Args:
        scores: (n,)
        labels: (n,), 0 normal, 1 anomalous.

    Raises:
        UserError: A score is NaN or infinite, or one of the two classes is missing.
    """
    values, labels = finite_scores(scores), np.asarray(labels).astype(bool).ravel()
    if labels.all() or not labels.any():
        raise UserError('the F1-max threshold needs scores of normal and of anomalous images, and one kind is missing: '
                        'fit the threshold on normal images instead')
    order = np.argsort(-values, kind='stable')
    descending, hits = values[order], np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(descending)), values.size - 1)  # equal scores are called alike
    f1 = 2 * hits[last] / (last + 1 + labels.sum())
    best = last[int(np.argmax(f1))]
    value = descending[best + 1] if best + 1 < values.size else np.nextafter(descending[best], -np.inf)
    return Threshold(float(value), ORACLE, int(values.size), 'F1-max on labelled images')


def finite_scores(scores: Sequence[float] | ArrayLike) -> NDArray[np.float64]:
    """Scores as (n,) float64.

    Raises:
        UserError: There is none, or one is NaN or infinite.
    """
    values = np.asarray(scores, dtype=np.float64).ravel()
    if values.size == 0:
        raise UserError('there is no score to fit a threshold on: give at least one normal image')
    if not np.isfinite(values).all():
        raise UserError(f'{np.count_nonzero(~np.isfinite(values))} of {values.size} anomaly scores are NaN or infinite:'
                        ' the model has diverged, train it with a lower learning rate')
    return values
