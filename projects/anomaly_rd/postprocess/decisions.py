"""Between predictions and decisions: the numbers that a calibration is fitted on, and labels by a threshold."""
from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from mminspect.core.errors import UserError
from mminspect.decisions import NormalImage, Threshold, digest_of
from mminspect.models.anomaly_data_sample import AnomalyDataSample


def normal_image(sample: AnomalyDataSample, pixels: Tensor | None = None) -> NormalImage:
    """Score and extremes of the maps in a prediction of a normal image.

    Args:
        sample: The prediction.
        pixels: What the model got, (3, H, W), by which copies of an image are known; None: that is not known.

    Raises:
        UserError: The score or a map holds NaN or infinity.
    """
    found = (sample.get('anomaly_map'), *(sample.get('level_maps') or ()))
    maps: list[Tensor] = [heat for heat in found if heat is not None]
    numbers = NormalImage(float(sample.pred_score), tuple(float(heat.min()) for heat in maps),
                          tuple(float(heat.max()) for heat in maps),
                          '' if pixels is None else digest_of(pixels.cpu().numpy()))
    if not torch.isfinite(torch.tensor([numbers.score, *numbers.lows, *numbers.highs])).all():
        raise UserError(f'the anomaly map or score of {sample.get("img_path")} is NaN or infinite: the model has '
                        'diverged, train it with a lower learning rate')
    return numbers


def label_samples(samples: Iterable[AnomalyDataSample], threshold: Threshold) -> None:
    """Set ``pred_label`` (1 where ``pred_score`` exceeds the threshold, else 0) and ``threshold`` in place."""
    for sample in samples:
        sample.pred_label = torch.as_tensor(sample.pred_score > threshold.value).long()
        sample.threshold = threshold.value
