"""One list of boxes from those of overlapping windows."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mminspect.tiling import Box
from numpy.typing import NDArray

from inspection.result import Detections
from inspection.suppression import class_wise_nms

#: A box this close to the edge of its window, in pixels, is taken to be cut off there.
EDGE = 2.0
#: A cut box goes if this share of its area lies in a whole one: it is a part of the same object.
COVERED = 0.5


def merge_detections(found: Sequence[Detections], windows: Sequence[Box], shape: tuple[int, int],
                     iou_threshold: float, most: int) -> Detections:
    """Boxes of the image, every object once.

    Boxes of one class that overlap are suppressed as within a window. An object on the edge of a window is found cut
    off there and whole in the next one. The two may overlap too little for that, so the cut one goes by how much of it
    the whole one covers.

    Args:
        found: Of each window, in pixels of the window.
        windows: Where they are.
        shape: (H, W) of the image; boxes are clipped to it.
        iou_threshold: Of two boxes that overlap by more the better one remains.
        most: At most so many remain, as many as one window may give for each window.
    """
    boxes, cut = [np.zeros((0, 4), np.float32)], [np.zeros(0, bool)]
    for detections, (y0, x0, y1, x1) in zip(found, windows, strict=True):
        limits = np.array([x1 - x0, y1 - y0], np.float32)
        inner = np.array([x0 > 0, y0 > 0, x1 < shape[1], y1 < shape[0]])  # edges with image on their other side
        distance = np.hstack([detections.boxes[:, :2], limits - detections.boxes[:, 2:]])
        cut.append(((distance < EDGE) & inner).any(axis=1))
        boxes.append(detections.boxes + np.array([x0, y0, x0, y0], np.float32))
    moved, is_cut = np.concatenate(boxes), np.concatenate(cut)
    moved = moved.clip(0, np.array([shape[1], shape[0]] * 2, np.float32))
    scores = np.concatenate([np.zeros(0, np.float32), *(d.scores for d in found)])
    labels = np.concatenate([np.zeros(0, np.int64), *(d.labels for d in found)])
    is_inside = (moved[:, 2:] > moved[:, :2]).all(axis=1)  # what lies in the padding alone is nothing
    kept = np.flatnonzero(is_inside)
    kept = kept[~_is_part(moved[kept], labels[kept], is_cut[kept])]
    kept = kept[class_wise_nms(moved[kept], scores[kept], labels[kept], iou_threshold)][:most]
    return Detections(moved[kept], scores[kept], labels[kept])


def _is_part(boxes: NDArray[np.float32], labels: NDArray[np.int64], cut: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which boxes are cut ones that a whole one of their class covers for the most part."""
    parts, whole, result = np.flatnonzero(cut), np.flatnonzero(~cut), np.zeros(len(boxes), bool)
    for part in parts:  # one at a time: a table of all pairs would grow with the square of the image
        others = boxes[whole[labels[whole] == labels[part]]]
        sides = (np.minimum(others[:, 2:], boxes[part, 2:]) - np.maximum(others[:, :2], boxes[part, :2])).clip(0)
        area = np.prod(boxes[part, 2:] - boxes[part, :2])
        result[part] = (sides.prod(axis=1) >= COVERED * area).any()
    return result
