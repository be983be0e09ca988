"""Defect regions: the 8-connected components of a ground-truth mask."""
from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mminspect.core.errors import UserError


def label_regions(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the 8-connected regions of one mask.

    Args:
        mask: (H, W), non-zero on defects.

    Returns:
        (H, W) int32 labels, 0 on normal pixels and 1..R on the regions; (R,) sizes in pixels.
    """
    mask = np.asarray(mask) != 0
    labels, rows = np.zeros(mask.shape, np.int32), np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return labels, np.empty(0, np.int64)
    part = slice(rows[0], rows[-1] + 1)  # defects are small: the search skips most of the image
    _, labels[part], stats, _ = cv2.connectedComponentsWithStats(mask[part].astype(np.uint8), connectivity=8)
    return labels, stats[1:, cv2.CC_STAT_AREA].astype(np.int64)


def checked_maps(maps: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pairs of a map (H, W) and a bool mask (H, W).

    Raises:
        UserError: If the numbers or the sizes differ, or a score is NaN or infinite.
    """
    if len(maps) != len(masks):
        raise UserError(f'There are {len(maps)} maps but {len(masks)} masks; give one mask for every map.')
    pairs = [(np.asarray(m), np.asarray(mask) != 0) for m, mask in zip(maps, masks, strict=True)]
    for index, (scores, mask) in enumerate(pairs):
        if scores.ndim != 2 or scores.shape != mask.shape:
            raise UserError(f'Map {index} has shape {scores.shape} but its mask {mask.shape}; resize one to '
                            'the other, as (H, W).')
        if not np.isfinite(scores).all():
            raise UserError(f'Map {index} holds NaN or infinite scores; look at the model that made it.')
    return pairs
