"""How well one number of an image tells two groups of images apart."""
from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

#: Standard deviations from one half at which an AUROC is no chance: one in a thousand, and several numbers are tried.
CERTAIN = 3.0


def auroc(low: ArrayLike, high: ArrayLike) -> float:
    """The chance that a number of ``high`` is above one of ``low``, a tie being one half: the area under the ROC curve.

    Args:
        low: (n,) finite.
        high: (m,) finite.

    Returns:
        In 0..1; NaN where a group is empty.
    """
    low, high = np.sort(np.asarray(low, float)), np.asarray(high, float)
    if not low.size or not high.size:
        return math.nan
    below, not_above = (np.searchsorted(low, high, side) for side in ('left', 'right'))
    return float((below + not_above).mean() / (2 * low.size))


def separation(area: float) -> float:
    """The AUROC of the number or of its negative, whichever is larger: 0.5..1."""
    return max(area, 1 - area)


def category_separation(low: Sequence[Hashable], high: Sequence[Hashable]) -> float:
    """The largest :func:`separation` that the presence of one category has; NaN where a group is empty."""
    if not low or not high:
        return math.nan
    ours, theirs = Counter(low), Counter(high)
    return max(0.5 + abs(theirs[name] / len(high) - ours[name] / len(low)) / 2 for name in {*ours, *theirs})


def is_certain(area: float, low: int, high: int) -> bool:
    """Whether an AUROC of groups of these sizes is further from one half than chance explains.

    By the normal approximation of Mann and Whitney (1947): without a difference its variance is
    (n + m + 1) / (12 n m).
    """
    deviation = math.sqrt((low + high + 1) / (12 * low * high))
    return abs(area - 0.5) > CERTAIN * deviation


def kolmogorov_smirnov(one: ArrayLike, other: ArrayLike) -> float:
    """The largest difference of the shares of two groups that lie at or below a value; NaN where one is empty."""
    one, other = np.sort(np.asarray(one, float)), np.sort(np.asarray(other, float))
    if not one.size or not other.size:
        return math.nan
    values = np.concatenate([one, other])
    shares = (np.searchsorted(group, values, 'right') / group.size for group in (one, other))
    return float(np.abs(np.subtract(*shares)).max())


def figure(value: float) -> str:
    """A number with as many digits as are read."""
    return f'{value:,.0f}' if abs(value) >= 10000 else f'{value:.4g}'
