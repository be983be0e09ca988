"""Boxes as NumPy arrays: suppression, and one list from those of overlapping windows."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .tiling import Box

#: A box this close to the edge of its window, in pixels, is taken to be cut off there.
EDGE = 2.0
#: A cut box goes if this share of its area lies in a whole one: it is a part of the same object.
COVERED = 0.5


class ScoredBoxes(NamedTuple):
    """Boxes of one image or window.

    Attributes:
        boxes: (n, 4) float32, x0 y0 x1 y1 in pixels.
        scores: (n,) float32.
        labels: (n,) int64.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]

    @classmethod
    def none(cls) -> ScoredBoxes:
        """No box."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


def class_wise_nms(boxes: NDArray[np.float32], scores: NDArray[np.float32], labels: NDArray[np.int64],
                   iou_threshold: float) -> NDArray[np.int64]:
    """Indices, by descending score, of the boxes (n, 4) that no better kept box of their class overlaps by more."""
    order = np.argsort(-scores, kind='stable')
    kept = [order[members[_nms(boxes[order[members]], np.float32(iou_threshold))]]
            for members in (np.flatnonzero(labels[order] == label) for label in np.unique(labels))]
    rest = np.sort(np.concatenate([np.zeros(0, np.int64), *kept]))
    return rest[np.argsort(-scores[rest], kind='stable')]


def _nms(boxes: NDArray[np.float32], limit: np.float32) -> NDArray[np.int64]:
    """Places of the boxes, best first, that no kept one before overlaps by more; in float32, as torchvision counts.

    In NumPy, so that a station with an exported model needs no torch, which takes seconds and half a gigabyte to load.
    """
    areas, kept = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), []
    waiting = np.arange(len(boxes))
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        sides = np.minimum(boxes[best, 2:], boxes[waiting, 2:]) - np.maximum(boxes[best, :2], boxes[waiting, :2])
        inside = sides.clip(0).prod(axis=1)
        with np.errstate(invalid='ignore'):  # two boxes without area
            overlap = inside / (areas[best] + areas[waiting] - inside)
        waiting = waiting[~(overlap > limit)]
    return np.array(kept, np.int64)


def merge_windows(found: Sequence[ScoredBoxes], windows: Sequence[Box], shape: tuple[int, int], iou_threshold: float,
                  most: int) -> ScoredBoxes:
    """Boxes of an image from those of its windows, every object once.

    Boxes of one class that overlap are suppressed as within a window. An object on the edge of a window is found cut
    off there and whole in the next one. The two may overlap too little for that, so the cut one goes by how much of it
    the whole one covers.

    Args:
        found: What was found in each window, in pixels of the window.
        windows: Where the windows lie in the image.
        shape: (H, W) of the image; boxes are clipped to it.
        iou_threshold: Intersection over union above which the worse of two boxes goes.
        most: Largest number of boxes that remain.
    """
    moved, cut = [np.zeros((0, 4), np.float32)], [np.zeros(0, bool)]
    for one, (y0, x0, y1, x1) in zip(found, windows, strict=True):
        limits = np.array([x1 - x0, y1 - y0], np.float32)
        inner = np.array([x0 > 0, y0 > 0, x1 < shape[1], y1 < shape[0]])  # edges with image on their other side
        distance = np.hstack([one.boxes[:, :2], limits - one.boxes[:, 2:]])
        cut.append(((distance < EDGE) & inner).any(axis=1))
        moved.append(one.boxes + np.array([x0, y0, x0, y0], np.float32))
    boxes = np.concatenate(moved).clip(0, np.array([shape[1], shape[0]] * 2, np.float32))
    scores = np.concatenate([np.zeros(0, np.float32), *(one.scores for one in found)])
    labels = np.concatenate([np.zeros(0, np.int64), *(one.labels for one in found)])
    kept = np.flatnonzero((boxes[:, 2:] > boxes[:, :2]).all(axis=1))  # what lies in the padding alone is nothing
    kept = kept[~_is_part(boxes[kept], labels[kept], np.concatenate(cut)[kept])]
    kept = kept[class_wise_nms(boxes[kept], scores[kept], labels[kept], iou_threshold)][:most]
    return ScoredBoxes(boxes[kept], scores[kept], labels[kept])


def _is_part(boxes: NDArray[np.float32], labels: NDArray[np.int64], cut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which boxes are cut ones that a whole one of their class covers for the most part."""
    parts, whole, result = np.flatnonzero(cut), np.flatnonzero(~cut), np.zeros(len(boxes), bool)
    for part in parts:  # one at a time: a table of all pairs would grow with the square of the image
        others = boxes[whole[labels[whole] == labels[part]]]
        sides = (np.minimum(others[:, 2:], boxes[part, 2:]) - np.maximum(others[:, :2], boxes[part, :2])).clip(0)
        area = np.prod(boxes[part, 2:] - boxes[part, :2])
        result[part] = (sides.prod(axis=1) >= COVERED * area).any()
    return result
