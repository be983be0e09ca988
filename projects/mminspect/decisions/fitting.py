"""From the numbers of normal images to a calibration: one function for the training's hook and for the tool."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .calibration import Calibration, MapScale
from .normal_scores import NormalScores
from .threshold import HOLDOUT, Threshold, fit_threshold


@dataclass(frozen=True)
class NormalImage:
    """One normal image in numbers: its score and the extremes of its maps.

    Attributes:
        score: The larger, the more anomalous.
        lows: Smallest value of the anomaly map, then of every level map; empty where the model has no map.
        highs: Largest values likewise.
    """

    score: float
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()


def fit_calibration(images: Sequence[NormalImage], rule: str = 'quantile', quantile: float = 0.995,
                    origin: str = HOLDOUT, rate: float | None = None) -> Calibration:
    """Fit the threshold on scores and, by the same rule on the largest values of the maps, the limits of the scales.

    Args:
        images: Normal images, with equally many maps each.
        rule: Of :func:`fit_threshold`, as the two next.
        quantile: For the rule 'quantile', in (0, 1].
        origin: What the images are.
        rate: In place of a rule, the false-reject rate in (0, 1) that is promised, see :meth:`NormalScores.threshold`.

    Raises:
        UserError: As :func:`fit_threshold`, or with a rate as :meth:`NormalScores.threshold`.
    """
    def fit(values: Sequence[float]) -> Threshold:
        if rate is None:
            return fit_threshold(values, rule, quantile, origin)
        return NormalScores.of(values, origin).threshold(rate)

    scores = [image.score for image in images]
    threshold = fit(scores)
    lows, highs = (list(zip(*values, strict=True)) for values in ([i.lows for i in images], [i.highs for i in images]))
    scales = [MapScale(min(low), fit(high).value) for low, high in zip(lows, highs, strict=True)]
    return Calibration(threshold, scales[0] if scales else None, tuple(scales[1:]), NormalScores.of(scores, origin))
