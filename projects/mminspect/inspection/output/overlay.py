"""What was found, drawn on the image.

Colours mean the same in every picture of a model: their scale comes from its calibration on normal images. Scaled image
by image, the map of a good part would be as red as that of a bad one.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mminspect.decisions import MapScale
from mminspect.inspection.drawing import reduced
from mminspect.inspection.result import InspectionResult
from mminspect.inspection.tasks import task_of

#: Pixels of the longer side; larger images are drawn smaller, so that pictures of line scans can be opened.
LONGEST = 2048


def draw_overlay(pixels: NDArray, result: InspectionResult, scale: MapScale | None = None) -> NDArray[np.uint8]:
    """What the model's task draws: heat map, contour at the limit of normal pixels, boxes with their scores.

    Args:
        pixels: (H, W, 3), RGB, uint8 or float32 of 0..255: the inspected image.
        result: What the inspection of that image has found.
        scale: The colours of the map, from the model's calibration; without them neither colours nor contour are drawn.

    Returns:
        (h, w, 3), RGB; the size of the image, unless its longer side exceeds :data:`LONGEST`.

    Raises:
        UserError: No task is registered for the kind of the model.
    """
    factor = min(1.0, LONGEST / max(pixels.shape[:2]))
    picture = np.clip(reduced(pixels, factor), 0, 255).astype(np.uint8, copy=factor == 1)
    return task_of(result.model.kind).draw(np.ascontiguousarray(picture), result, scale, factor)
