"""How well a threshold separates the scores of good and defective images."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from mminspect.decisions import ORACLE, Threshold

from .panel import DEFECTIVE, GOOD

GOOD_COLOUR, DEFECTIVE_COLOUR = '#1f77b4', '#d62728'


def draw_histogram(scores: ArrayLike, labels: ArrayLike, thresholds: Sequence[Threshold] = (),
                   bins: int = 40) -> Figure:
    """Scores of both kinds of images in common bins, with a line for every threshold.

    Args:
        scores: (n,), at least one.
        labels: (n,), 0 good, 1 defective.
        thresholds: Drawn as lines, the first one solid, with their origin in the legend.
        bins: Over the range of all scores.
    """
    scores, labels = np.asarray(scores, float).ravel(), np.asarray(labels).astype(bool).ravel()
    figure = Figure(figsize=(8, 4.6), dpi=120, layout='constrained')
    axis = figure.subplots()
    edges = np.linspace(scores.min(), scores.max() if scores.max() > scores.min() else scores.min() + 1e-6, bins + 1)
    for chosen, name, colour in ((~labels, GOOD, GOOD_COLOUR), (labels, DEFECTIVE, DEFECTIVE_COLOUR)):
        axis.hist(scores[chosen], bins=edges, color=colour, alpha=0.6, label=f'{name} ({np.count_nonzero(chosen)})')
    for number, threshold in enumerate(thresholds):
        missed = np.count_nonzero(labels & (scores <= threshold.value))
        alarms = np.count_nonzero(~labels & (scores > threshold.value))
        place = _place(threshold, scores)
        where = '' if place == threshold.value else ', drawn midway to the next score'
        axis.axvline(place, color='black', linestyle='-' if number == 0 else '--', linewidth=1.3,
                     label=f'threshold {threshold}{where}:\n{missed} of {np.count_nonzero(labels)} missed, '
                           f'{alarms} of {np.count_nonzero(~labels)} false alarms')
    axis.set_xlabel('image score (larger = more suspicious)')
    axis.set_ylabel('images')
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_title('scores of the test images', fontsize=10)
    figure.legend(fontsize=8, loc='outside lower center', ncols=2)  # beside the bars, of which it must hide none
    return figure


def _place(threshold: Threshold, scores: NDArray) -> float:
    """Where to draw it: an oracle is one of the scores, and midway to the next one it shows on which side that lies."""
    below, above = scores[scores <= threshold.value], scores[scores > threshold.value]
    if threshold.origin != ORACLE or not below.size or not above.size:
        return threshold.value
    return float(below.max() + above.min()) / 2
