"""Where in an anomaly map the defects are."""
from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .boxes import ScoredBoxes


def find_regions(heat: NDArray[np.float32], limit: float) -> ScoredBoxes:
    """Boxes around the connected parts of a map that exceed a limit; pixels that touch at a corner are connected.

    Outlines are followed, not labels given: a line scan's labels would take four times the memory of this mask.

    Args:
        heat: (H, W), larger is more anomalous; NaN where nobody looked, which is no defect.
        limit: Largest value of normal pixels.

    Returns:
        Boxes by descending score, the largest value inside; they end behind the last pixel, so that a single pixel has
        a box of 1x1. Every label is 0.
    """
    outlines, nesting = cv2.findContours((heat > limit).view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    # of two levels: outlines have no parent, the holes in them do
    frames = [cv2.boundingRect(outline) for outline, links in zip(outlines, nesting[0], strict=True) if links[3] < 0
              ] if outlines else []
    if not frames:
        return ScoredBoxes.none()
    scores = np.array([np.nanmax(heat[y:y + h, x:x + w]) for x, y, w, h in frames], np.float32)
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in frames], np.float32)
    order = np.argsort(-scores, kind='stable')
    return ScoredBoxes(boxes[order], scores[order], np.zeros(len(frames), np.int64))
