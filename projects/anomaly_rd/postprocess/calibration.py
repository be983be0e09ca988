"""From predictions on normal images to a calibration."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mminspect.core.errors import UserError
from mminspect.decisions import HOLDOUT, Calibration, MapScale, NormalScores, fit_threshold
from mminspect.models.anomaly_data_sample import AnomalyDataSample


@dataclass(frozen=True)
class NormalImage:
    """One normal image in numbers: its score and the extremes of its maps.

    Attributes:
        score: ``pred_score``.
        lows: Smallest value of ``anomaly_map``, then of every level map; empty for a method without maps.
        highs: Largest values likewise.
    """

    score: float
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    @classmethod
    def of(cls, sample: AnomalyDataSample) -> NormalImage:
        """The numbers of a prediction.

        Raises:
            UserError: The score or a map holds NaN or infinity.
        """
        heat = sample.get('anomaly_map')  # some methods judge whole images
        maps: list[Tensor] = [] if heat is None else [heat, *(sample.get('level_maps') or ())]
        numbers = cls(float(sample.pred_score), tuple(float(m.min()) for m in maps),
                      tuple(float(m.max()) for m in maps))
        if not torch.isfinite(torch.tensor([numbers.score, *numbers.lows, *numbers.highs])).all():
            raise UserError(f'the anomaly map or score of {sample.get("img_path")} is NaN or infinite: the model has '
                            'diverged, train it with a lower learning rate')
        return numbers


def calibrate(images: Sequence[NormalImage], rule: str = 'quantile', quantile: float = 0.995,
              origin: str = HOLDOUT) -> Calibration:
    """Fit the threshold and the scales; arguments and errors as for :func:`fit_threshold`."""
    threshold = fit_threshold([image.score for image in images], rule, quantile, origin)
    lows, highs = (tuple(zip(*values, strict=True)) for values in ([i.lows for i in images], [i.highs for i in images]))
    scales = [MapScale(min(low), fit_threshold(high, rule, quantile, origin).value)
              for low, high in zip(lows, highs, strict=True)]
    scores = NormalScores.of([image.score for image in images], origin)
    return Calibration(threshold, scales[0] if scales else None, tuple(scales[1:]), scores)
