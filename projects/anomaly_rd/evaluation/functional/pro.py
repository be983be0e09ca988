"""Per-region overlap: area under the PRO curve, over the whole test set and per image."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mminspect.core.errors import UserError

from .ranking import Ranking, rank, undefined
from .regions import checked_maps, label_regions
from .roc import area, from_zero


def pro_auc(maps: Sequence[np.ndarray], masks: Sequence[np.ndarray], fpr_limit: float = 0.3) -> float:
    """Area under PRO(FPR) from 0 to the limit, divided by the limit (Bergmann et al., MVTec AD, IJCV 2021).

    FPR is the share of all normal pixels, those of good images included, at or above a threshold; PRO the mean over all
    regions (8-connected, per image) of the covered share. Equal scores are one straight segment; the curve is
    interpolated linearly at the limit.

    Args:
        maps: (N, H, W) or N arrays (H_i, W_i) of finite scores, larger is more anomalous.
        masks: As the maps, non-zero on defects.
        fpr_limit: In 0..1 and above 0.

    Returns:
        In 0..1; NaN with a warning where there is no region or no normal pixel.

    Raises:
        UserError: If a score is NaN or infinite, or maps and masks do not fit, or the limit is out of range.
    """
    return pro_area(rank_pixels(maps, masks), fpr_limit)


def pro_curve(maps: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """FPR and PRO from (0, 0) to (1, 1), one point for every distinct score."""
    return pro_points(rank_pixels(maps, masks))


def pro_auc_per_image(maps: Sequence[np.ndarray], masks: Sequence[np.ndarray], fpr_limit: float = 0.3) -> float:
    """Mean of :func:`image_pro_auc` over the defective images: an older protocol, not comparable with `pro_auc`."""
    _check_limit(fpr_limit)
    values = [image_pro_auc(scores, mask, fpr_limit) for scores, mask in checked_maps(maps, masks) if mask.any()]
    return float(np.mean(values)) if values else undefined('AUPRO per image', 'there is no defect region')


def image_pro_auc(scores: np.ndarray, mask: np.ndarray, fpr_limit: float = 0.3, steps: int = 200) -> float:
    """PRO area of one defective image (H, W) as RD4AD's evaluation measures it.

    ``steps`` equidistant thresholds from the image's smallest score on, score > threshold is found, FPR over this
    image's background and divided by the largest FPR below the limit. Where that is 0, no background pixel is found at
    any of these thresholds: the result is then the PRO reached there.
    """
    low, high = float(scores.min()), float(scores.max())
    thresholds = low + (high - low) / steps * np.arange(steps)
    labels, sizes = label_regions(mask)
    fpr = _share_above(scores[labels == 0], thresholds)
    pro = np.mean([_share_above(scores[labels == i + 1], thresholds) for i in range(len(sizes))], axis=0)
    fpr, pro = fpr[fpr < fpr_limit][::-1], pro[fpr < fpr_limit][::-1]
    if not len(fpr):
        return 0.0
    return area(fpr, pro) / fpr[-1] if fpr[-1] > 0 else float(pro[-1])


def rank_pixels(maps: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> Ranking:
    """All pixels of all images in one ranking, with the overlap of the regions."""
    pairs = checked_maps(maps, masks)
    labelled = [label_regions(mask) for _, mask in pairs]
    regions = sum(len(sizes) for _, sizes in labelled)
    shares = [from_zero(1 / (sizes * regions))[labels] if len(sizes) else np.zeros(labels.shape)
              for labels, sizes in labelled]
    return rank(_flat([scores for scores, _ in pairs]), _flat([mask for _, mask in pairs]), _flat(shares))


def pro_area(ranking: Ranking, fpr_limit: float = 0.3) -> float:
    """As :func:`pro_auc`."""
    _check_limit(fpr_limit)
    if not ranking.defined:
        return undefined('AUPRO', 'there is no defect region, or no normal pixel')
    x, y = pro_points(ranking)
    inside = int(np.searchsorted(x, fpr_limit, side='right'))
    if inside < len(x):
        slope = (y[inside] - y[inside - 1]) / (x[inside] - x[inside - 1])
        at_limit = y[inside - 1] + slope * (fpr_limit - x[inside - 1])
        x, y = np.append(x[:inside], fpr_limit), np.append(y[:inside], at_limit)
    return min(area(x, y) / fpr_limit, 1.0)


def pro_points(ranking: Ranking) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`pro_curve`; both empty where there is no region or no normal pixel."""
    if not ranking.defined:
        return np.empty(0), np.empty(0)
    return from_zero(ranking.normal / ranking.normal[-1]), from_zero(ranking.overlap)


def _check_limit(fpr_limit: float) -> None:
    if not 0 < fpr_limit <= 1:
        raise UserError(f'fpr_limit of AUPRO is {fpr_limit}: give a share of normal pixels above 0 and up to 1, as 0.3')


def _share_above(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Share of the scores above each threshold; 0 where there are no scores."""
    if not len(scores):
        return np.zeros(len(thresholds))
    return 1 - np.searchsorted(np.sort(scores), thresholds, side='right') / len(scores)


def _flat(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([array.ravel() for array in arrays]) if len(arrays) else np.empty(0)
