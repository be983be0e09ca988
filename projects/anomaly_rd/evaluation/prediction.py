"""One image's prediction and ground truth, read from a data sample and checked."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from anomaly_rd.datasets.listing import check_mask_size
from mminspect.core.errors import UserError
from mminspect.vision.images import read_mask
from mminspect.vision.tiling import cut


class Prediction(NamedTuple):
    """What the metrics need of one image.

    Attributes:
        img_path: Names the image in messages.
        sample_idx: Position in the data set.
        score: Finite image score.
        label: 0 normal, 1 anomalous.
        scores: (H, W) float32 anomaly map, finite; None where no pixel metric is asked for, or the method has none.
        mask: (H, W) bool; None for an anomalous image without a mask.
        area: Pixels of the largest defect, in the image or tile before it was resized; None where it is not known.
    """

    img_path: str
    sample_idx: int
    score: np.float32
    label: int
    scores: np.ndarray | None = None
    mask: np.ndarray | None = None
    area: int | None = None


def read_prediction(sample: dict[str, Any], with_map: bool, original_size: bool) -> Prediction:
    """Read a predicted data sample, given as dict.

    Args:
        sample: The fields of an :class:`AnomalyDataSample`.
        with_map: Whether to read map and mask.
        original_size: Compare with the mask file, the map enlarged bilinearly (align_corners False) to ``ori_shape``,
            or to the part of the mask that a :class:`CentreCrop` left (``crop``); otherwise with ``gt_mask`` at the
            map's own size.

    Raises:
        UserError: If a score is NaN or infinite, a field is missing, or the mask has another size than the map,
            or than the image with ``original_size``.
    """
    path, score, label = sample['img_path'], np.float32(_field(sample, 'pred_score')), int(_field(sample, 'gt_label'))
    if not np.isfinite(score):
        raise UserError(f'The score of {path} is {score}; look for NaN in the training log, lower the learning rate.')
    found = Prediction(path, int(sample.get('sample_idx', 0)), score, label, area=sample.get('defect_area'))
    if not with_map:
        return found
    if sample.get('anomaly_map') is None:  # some methods judge whole images
        return found
    scores = torch.as_tensor(_field(sample, 'anomaly_map')).detach().float().cpu()
    if not np.isfinite(scores.numpy()).all():  # torch would wake all its threads for these few pixels
        raise UserError(f'The anomaly map of {path} holds NaN or infinite scores; look for NaN in the training log and '
                        'lower the learning rate.')
    mask = _original_mask(sample, label) if original_size else _resized_mask(sample, label, scores)
    if mask is not None and mask.shape != scores.shape:
        if not original_size:
            raise UserError(f'The mask of {path} has {mask.shape[0]}x{mask.shape[1]} pixels but its anomaly map '
                            f'{scores.shape[0]}x{scores.shape[1]}; resize both alike in the pipeline.')
        scores = F.interpolate(scores[None, None], mask.shape, mode='bilinear', align_corners=False)[0, 0]
    return found._replace(scores=scores.numpy(), mask=mask)


def _field(sample: dict[str, Any], name: str) -> Any:
    if sample.get(name) is None:
        raise UserError(f'The data sample of {sample["img_path"]} has no {name}, which the metric needs; take a model '
                        'that predicts it and a data set that labels its images, or choose other metrics.')
    return sample[name].detach().cpu() if isinstance(sample[name], Tensor) else sample[name]


def _resized_mask(sample: dict[str, Any], label: int, scores: Tensor) -> np.ndarray | None:
    if sample.get('gt_mask') is not None:
        return torch.as_tensor(sample['gt_mask']).cpu().numpy() != 0
    return None if label else np.zeros(scores.shape, bool)


def _original_mask(sample: dict[str, Any], label: int) -> np.ndarray | None:
    if label and sample.get('mask_path') is None:
        return None
    mask = _full_mask(sample) if label else np.zeros(tuple(sample['ori_shape']), bool)
    if sample.get('crop') is None:
        return mask
    y0, x0, y1, x1 = (round(share * side) for share, side in zip(sample['crop'], 2 * mask.shape, strict=True))
    return mask[y0:y1, x0:x1]


def _full_mask(sample: dict[str, Any]) -> np.ndarray:
    mask = read_mask(sample['mask_path'])
    if sample.get('tile') is not None:
        return cut(mask, sample['tile'], False) != 0
    check_mask_size(sample['mask_path'], mask.shape, sample['img_path'], sample['ori_shape'])
    return mask != 0
