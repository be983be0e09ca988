"""What a model says about normal images: the threshold on scores and the colour scales of maps.

A colour scale belongs to the data set, never to one image: scaled image by image, the map of a good part is as red as
that of a bad one.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from mminspect.errors import UserError
from torch import Tensor

from anomaly_rd.structures import AnomalyDataSample

from .threshold import HOLDOUT, Threshold, fit_threshold


@dataclass(frozen=True)
class MapScale:
    """Values of one kind of map on normal images.

    Attributes:
        low: The smallest value of all their pixels; the lower end of the colour scale.
        limit: The threshold's rule applied to the largest value of each map; the middle of the colour scale, so that
            normal pixels have cold colours and anomalous ones warm colours.
    """

    low: float
    limit: float

    @property
    def high(self) -> float:
        """Upper end of the colour scale; larger values have its colour."""
        return self.low + 2 * max(self.limit - self.low, 1e-6)


@dataclass(frozen=True)
class NormalImage:
    """One normal image in numbers: its score and the extremes of its maps.

    Attributes:
        score: ``pred_score``.
        lows: Smallest value of ``anomaly_map``, then of every level map.
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
        maps: list[Tensor] = [sample.anomaly_map, *(sample.get('level_maps') or ())]
        numbers = cls(float(sample.pred_score), tuple(float(m.min()) for m in maps),
                      tuple(float(m.max()) for m in maps))
        if not torch.isfinite(torch.tensor([numbers.score, *numbers.lows, *numbers.highs])).all():
            raise UserError(f'the anomaly map or score of {sample.get("img_path")} is NaN or infinite: the model has '
                            'diverged, train it with a lower learning rate')
        return numbers


@dataclass(frozen=True)
class Calibration:
    """What is fitted on normal images and kept in the checkpoint.

    Attributes:
        threshold: On ``pred_score``.
        fused: Scale of ``anomaly_map``; its ``limit`` is the threshold on pixels.
        levels: Scales of ``level_maps``.
    """

    threshold: Threshold
    fused: MapScale
    levels: tuple[MapScale, ...] = ()

    @property
    def scales(self) -> tuple[MapScale, ...]:
        """Of ``anomaly_map``, then of every level map."""
        return self.fused, *self.levels

    def state(self) -> dict[str, Any]:
        """Plain numbers and strings: ``value, origin, count, rule, map, level_maps``."""
        return dict(asdict(self.threshold), map=asdict(self.fused), level_maps=[asdict(level) for level in self.levels])

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Calibration:
        """The reverse of :meth:`state`.

        Raises:
            UserError: An entry is missing or of another type.
        """
        try:
            threshold = Threshold(float(state['value']), str(state['origin']), int(state['count']), str(state['rule']))
            fused, *levels = (MapScale(float(scale['low']), float(scale['limit']))
                              for scale in (state['map'], *state['level_maps']))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f'the threshold in the checkpoint is damaged ({type(error).__name__}: {error}): train or '
                            'save it again') from error
        return cls(threshold, fused, tuple(levels))


def calibrate(images: Sequence[NormalImage], rule: str = 'quantile', quantile: float = 0.995,
              origin: str = HOLDOUT) -> Calibration:
    """Fit the threshold and the scales; arguments and errors as for :func:`fit_threshold`."""
    threshold = fit_threshold([image.score for image in images], rule, quantile, origin)
    lows, highs = (tuple(zip(*values, strict=True)) for values in ([i.lows for i in images], [i.highs for i in images]))
    fused, *levels = (MapScale(min(low), fit_threshold(high, rule, quantile, origin).value)
                      for low, high in zip(lows, highs, strict=True))
    return Calibration(threshold, fused, tuple(levels))
