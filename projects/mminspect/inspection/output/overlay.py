"""What was found, drawn on the image.

Colours mean the same in every picture of a model: their scale comes from its calibration on normal images. Scaled image
by image, the map of a good part would be as red as that of a bad one.
"""
from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.decisions import MapScale
from mminspect.inspection.result import InspectionResult

#: Pixels of the longer side; larger images are drawn smaller, so that pictures of line scans can be opened.
LONGEST = 2048
#: RGB. None of them is a colour of the map's scale.
BOX_COLOUR, CONTOUR_COLOUR, SHADOW = (255, 0, 255), (255, 255, 255), (0, 0, 0)
#: Share of the heat map in the mixture with the image.
OPACITY = 0.45


def draw_overlay(pixels: NDArray, result: InspectionResult, scale: MapScale | None = None) -> NDArray[np.uint8]:
    """Heat map, contour at the limit of normal pixels, and boxes with their scores on the image.

    Args:
        pixels: (H, W, 3), RGB, uint8 or float32 of 0..255: the inspected image.
        result: Of that image.
        scale: Of its map, from the model's calibration; without one neither colours nor contour are drawn.

    Returns:
        (h, w, 3), RGB; the size of the image, unless its longer side exceeds :data:`LONGEST`.
    """
    factor = min(1.0, LONGEST / max(pixels.shape[:2]))
    picture = _reduced(pixels, factor)
    picture = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8, copy=factor == 1))
    if result.anomaly_map is not None and scale is not None:
        heat = _reduced(result.anomaly_map, factor)
        picture = _coloured(picture, heat, scale)
        _draw_contour(picture, heat > scale.limit)
    _draw_boxes(picture, result, factor)
    return picture


def drawn(result: InspectionResult) -> NDArray[np.bool_]:
    """Which detections are drawn, (n,): all of an anomaly model, of a detector those above the threshold, if any."""
    scores = result.detections.scores
    if result.model.kind != 'detection' or result.threshold is None:
        return np.ones(len(scores), bool)
    return scores > result.threshold.value


def _reduced(pixels: NDArray, factor: float) -> NDArray:
    if factor == 1:
        return pixels
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def _coloured(picture: NDArray[np.uint8], heat: NDArray[np.float32], scale: MapScale) -> NDArray[np.uint8]:
    """The map in colours over the image in grey."""
    colours = cv2.cvtColor(cv2.applyColorMap(scale.steps(heat), cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(colours, OPACITY, grey, 1 - OPACITY, 0)


def _draw_contour(picture: NDArray[np.uint8], above: NDArray[np.bool_]) -> None:
    outlines, _ = cv2.findContours(above.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    width = _line_width(picture)
    cv2.drawContours(picture, outlines, -1, SHADOW, 3 * width)
    cv2.drawContours(picture, outlines, -1, CONTOUR_COLOUR, width)


def _draw_boxes(picture: NDArray[np.uint8], result: InspectionResult, factor: float) -> None:
    """Boxes over all words: in a crowd the places matter more."""
    width, found, shown = _line_width(picture), result.detections, drawn(result)
    boxes = np.round(found.boxes[shown] * factor).astype(int)
    for box, score, label in zip(boxes, found.scores[shown], found.labels[shown], strict=True):
        several = len(result.model.classes) > 1
        text = f'{result.model.classes[label]} {score:.2f}' if several else f'{score:.3g}'
        _write(picture, text, int(box[0]), int(box[1]) - 2 * width)
    for x0, y0, x1, y1 in boxes.tolist():
        cv2.rectangle(picture, (x0, y0), (max(x0, x1 - 1), max(y0, y1 - 1)), BOX_COLOUR, width)


def _write(picture: NDArray[np.uint8], text: str, left: int, bottom: int) -> None:
    """Text with its lower left corner there, or as near as it is inside the picture; none that would cover it."""
    size, width = 0.4 * _line_width(picture), _line_width(picture)
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, width)
    if wide > picture.shape[1] or 4 * high > picture.shape[0]:
        return
    corner = max(0, min(left, picture.shape[1] - wide)), min(max(bottom, high + width), picture.shape[0] - 1)
    cv2.putText(picture, text, corner, cv2.FONT_HERSHEY_SIMPLEX, size, SHADOW, 3 * width, cv2.LINE_AA)
    cv2.putText(picture, text, corner, cv2.FONT_HERSHEY_SIMPLEX, size, BOX_COLOUR, width, cv2.LINE_AA)


def _line_width(picture: NDArray) -> int:
    return max(1, round(max(picture.shape[:2]) / 800))
