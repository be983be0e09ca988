"""The same threshold for a model that scores otherwise: one in 8 bits, in another precision or on another runtime."""
from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from .calibration import Calibration, MapScale
from .fitting import NormalImage
from .normal_scores import NormalScores
from .threshold import MEAN_3SIGMA, fit_threshold


def same_images(known: Sequence[float], scores: Sequence[float], tolerance: float) -> list[int] | None:
    """Which images scores come from.

    Args:
        known: (n,) scores of images that nobody has the names of, ascending.
        scores: (m,) scores of the same model for images that are at hand, in any order.
        tolerance: By how much two scores of one image may differ.

    Returns:
        Places in ``scores``, one for each of ``known`` in its order, each at most once; of several that fit the
        lowest score. None: one of ``known`` at least is the score of none of these images.
    """
    order = sorted(range(len(scores)), key=lambda place: scores[place])
    ascending = [scores[place] for place in order]
    found, first = [], 0
    # windows of equal width in ascending order: taking the lowest that is left leaves most for those behind
    for value in known:
        first = max(first, bisect_left(ascending, value - tolerance))
        if first >= len(order) or ascending[first] > value + tolerance:
            return None
        found.append(order[first])
        first += 1
    return found


def refit_calibration(earlier: Calibration, images: Sequence[NormalImage]) -> Calibration | None:
    """Choose a threshold, and the limit of normal pixels, by the rule that an earlier calibration was fitted with.

    A quantile, the largest score and a false-reject rate all choose one of the scores by its place among them, so that
    the new threshold is the new score at the same place: as many of the images are above it as before.

    Args:
        earlier: Of the model as it was.
        images: The very images of ``earlier.scores``, with the numbers of the model as it is, in any order.

    Returns:
        With the origin, the words of the rule and the tiles of ``earlier``; without scales of single levels, which
        belong to the earlier scores. None: the threshold was not fitted on these scores, as one that was given, or as
        many images are not there.
    """
    scores, threshold = earlier.scores, earlier.threshold
    if scores is None or len(scores) != len(images) or threshold.count != len(images):
        return None
    place = bisect_right(scores.values, threshold.value) - 1

    def fit(values: Sequence[float]) -> float | None:
        if threshold.rule == MEAN_3SIGMA:
            return fit_threshold(values, 'mean_3sigma').value
        return sorted(values)[place] if place >= 0 and scores.values[place] == threshold.value else None

    new = NormalScores.of([image.score for image in images], scores.origin)
    value = fit(new.values)
    if value is None:
        return None
    fused = None
    if earlier.fused is not None and all(image.highs for image in images):
        fused = MapScale(min(image.lows[0] for image in images), fit([image.highs[0] for image in images]))
    return replace(earlier, threshold=replace(threshold, value=value), fused=fused, levels=(), scores=new)
