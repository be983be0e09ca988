"""Which objects of an image are found and which boxes are false, by COCO's rule at one IoU."""
from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask

from mminspect.vision.boxes import ScoredBoxes

#: IoU from which a box finds an object, as in ``mAP_50``.
IOU = 0.5


class Truth(NamedTuple):
    """The annotated objects of an image.

    Attributes:
        boxes: (G, 4), x0 y0 x1 y1 in pixels.
        labels: (G,), class numbers from 0.
        ignored: (G,) bool, for groups of objects and others that are neither to be found nor background.
    """

    boxes: NDArray
    labels: NDArray
    ignored: NDArray[np.bool_]

    @classmethod
    def of(cls, boxes: NDArray, labels: NDArray) -> Truth:
        """Objects of which none is ignored."""
        return cls(boxes, labels, np.zeros(len(boxes), bool))


class Matches(NamedTuple):
    """What is right and what is wrong.

    Attributes:
        found: (G,) bool, the objects that a box has found.
        missed: (G,) bool, those that none has; an ignored one is neither.
        right: (P,) bool, the boxes that have found an object.
        false: (P,) bool, the others; one on an ignored object is neither.
    """

    found: NDArray[np.bool_]
    missed: NDArray[np.bool_]
    right: NDArray[np.bool_]
    false: NDArray[np.bool_]


def match(truth: Truth, boxes: ScoredBoxes, iou: float = IOU) -> Matches:
    """Give every box, highest score first, the object of its class that it overlaps most and that none has yet.

    The rule of pycocotools' ``COCOeval.evaluateImg`` with ignored objects as crowds, as mmdet gives them to it: these
    count where no other object is left, are taken by any number of boxes, and their overlap is the share of the box
    that lies in them. Boxes below a score change nothing for those above, so choose by score before.

    Args:
        truth: G objects.
        boxes: P boxes, in pixels of the same image.
        iou: Overlap from which a box finds an object, 0..1.
    """
    found, right, excused = (np.zeros(count, bool) for count in (len(truth.boxes), len(boxes.boxes),
                                                                 len(boxes.boxes)))
    overlaps = _overlaps(truth, boxes)
    for place in np.argsort(-boxes.scores, kind='stable'):
        for ignored in (False, True):
            free = (truth.labels == boxes.labels[place]) & (truth.ignored == ignored) & ~found
            candidates = np.flatnonzero(free & (overlaps[place] >= iou))
            if not len(candidates):
                continue
            if ignored:
                excused[place] = True
            else:  # of equal ones the last, as in pycocotools
                best = candidates[::-1][np.argmax(overlaps[place, candidates[::-1]])]
                found[best] = right[place] = True
            break
    return Matches(found, ~found & ~truth.ignored, right, ~right & ~excused)


def _overlaps(truth: Truth, boxes: ScoredBoxes) -> NDArray[np.float64]:
    """(P, G)."""
    if not len(truth.boxes) or not len(boxes.boxes):
        return np.zeros((len(boxes.boxes), len(truth.boxes)))
    return mask.iou(_sides(boxes.boxes), _sides(truth.boxes), truth.ignored.astype(np.uint8).tolist())


def _sides(corners: NDArray) -> NDArray[np.float64]:
    corners = np.asarray(corners, np.float64)
    return np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])
