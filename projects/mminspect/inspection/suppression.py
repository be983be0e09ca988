"""From the candidates of a detector to the boxes that remain, as mmdet chooses them."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mminspect.vision.boxes import ScoredBoxes, class_wise_nms

from .spec import Suppression


def suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32], suppression: Suppression,
             shape: tuple[int, int], scale: tuple[float, float]) -> ScoredBoxes:
    """Choose the best candidates of each level, then of overlapping boxes of one class the best.

    Args:
        boxes: (A, 4), x0 y0 x1 y1 in pixels of the network's input, level after level.
        scores: (A, classes), 0..1; a box may remain with several classes.
        suppression: Limits.
        shape: (h, w) of the part of the input that is image, in pixels.
        scale: (sy, sx), pixels of the input per pixel of the image.

    Returns:
        Boxes in pixels of the image, at most ``max_per_img``.
    """
    rows, labels = _candidates(scores, suppression)
    found, values = boxes[rows].astype(np.float32), scores[rows, labels].astype(np.float32)
    if suppression.clip:
        found = found.clip(0, np.array([shape[1], shape[0]] * 2, np.float32))
    found /= np.array([scale[1], scale[0]] * 2, np.float32)
    large = (found[:, 2:] - found[:, :2] > suppression.min_size).all(axis=1)
    found, values, labels = found[large], values[large], labels[large]
    kept = class_wise_nms(found, values, labels, suppression.iou_threshold)[:suppression.max_per_img]
    return ScoredBoxes(found[kept], values[kept], labels[kept])


def _candidates(scores: NDArray[np.float32], suppression: Suppression) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and labels of each level's ``nms_pre`` best pairs above the threshold, level after level."""
    rows, labels, start = [], [], 0
    for size in suppression.level_sizes:
        level = scores[start:start + size]
        row, label = np.nonzero(level > suppression.score_thr)
        best = np.argsort(-level[row, label], kind='stable')[:suppression.nms_pre]
        rows.append(row[best] + start)
        labels.append(label[best])
        start += size
    return np.concatenate(rows), np.concatenate(labels)
