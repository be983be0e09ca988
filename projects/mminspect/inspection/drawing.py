"""What an overlay is drawn with: the colours of a map, contours, boxes and words, as wide as the picture asks for."""
from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.decisions import MapScale
from mminspect.vision.boxes import ScoredBoxes
from mminspect.vision.captions import Lettering, places
from mminspect.vision.fonts import shown

#: RGB. None of them is a colour of the map's scale.
BOX_COLOUR, CONTOUR_COLOUR, SHADOW = (255, 0, 255), (255, 255, 255), (0, 0, 0)
#: Share of the heat map in the mixture with the image, where there is one.
OPACITY = 0.45


def reduced(pixels: NDArray, factor: float) -> NDArray:
    """An image or map (H, W, ...) at ``factor`` times its size, at most 1; the very same one for 1."""
    if factor == 1:
        return pixels
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def draw_map(picture: NDArray[np.uint8], anomaly_map: NDArray[np.float32], scale: MapScale,
             factor: float) -> NDArray[np.uint8]:
    """The picture as it is, and in colours, with a contour, where the map is above the limit of normal pixels.

    Args:
        picture: (h, w, 3), RGB.
        anomaly_map: (H, W), in pixels of the image.
        scale: From the model's calibration, so that colours mean the same in every picture.
        factor: Pixels of the picture per pixel of the image.

    Returns:
        A picture of its own.
    """
    steps = scale.steps_above(reduced(anomaly_map, factor))
    above = steps > 0
    if not above.any():
        return picture.copy()
    colours = cv2.cvtColor(cv2.applyColorMap(steps, cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    mixed = np.where(above[..., None], cv2.addWeighted(colours, OPACITY, picture, 1 - OPACITY, 0), picture)
    _draw_contour(mixed, above)
    return mixed


def draw_boxes(picture: NDArray[np.uint8], found: ScoredBoxes, classes: Sequence[str], factor: float) -> None:
    """Draw boxes with their scores and, where there are several classes, their names.

    No words are printed over others: where boxes crowd, those of a lower score go without.

    Args:
        picture: (h, w, 3), RGB; it is changed.
        found: Boxes in pixels of the image.
        classes: The names of the labels.
        factor: Pixels of the picture per pixel of the image.
    """
    order = np.argsort(-found.scores, kind='stable')
    width, boxes = line_width(picture), np.round(found.boxes[order] * factor).astype(int)
    texts = [f'{shown(classes[label], str(label))} {score:.2f}' if len(classes) > 1 else f'{score:.3g}'
             for score, label in zip(found.scores[order], found.labels[order], strict=True)]
    _write_beside(picture, boxes, texts, 2 * width)
    for x0, y0, x1, y1 in boxes.tolist():  # over all words: in a crowd the places matter more
        cv2.rectangle(picture, (x0, y0), (max(x0, x1 - 1), max(y0, y1 - 1)), BOX_COLOUR, width)


def write(picture: NDArray[np.uint8], text: str, left: int, bottom: int) -> None:
    """Text with its lower left corner there, or as near as it is inside the picture; none that would cover it."""
    width, text = line_width(picture), shown(text)
    lettering = Lettering(width, SHADOW)
    wide, high = lettering.size(text)
    if _covers(picture, wide, high):
        return
    corner = max(0, min(left, picture.shape[1] - wide)), min(max(bottom, high + width), picture.shape[0] - 1)
    lettering.write(picture, text, corner, BOX_COLOUR)


def _write_beside(picture: NDArray[np.uint8], boxes: NDArray, texts: Sequence[str], gap: int) -> None:
    """Each text beside its box, where there is room for it; none that would cover the picture."""
    lettering, height, width = Lettering(line_width(picture), SHADOW), *picture.shape[:2]
    sizes = [lettering.size(text) for text in texts]
    fitting = [number for number, size in enumerate(sizes) if not _covers(picture, *size)]
    corners = places(boxes[fitting], [sizes[number] for number in fitting], (0, 0, width, height), gap)
    for number, corner in zip(fitting, corners, strict=True):
        if corner is not None:
            lettering.write(picture, texts[number], corner, BOX_COLOUR)


def _covers(picture: NDArray[np.uint8], wide: int, high: int) -> bool:
    return wide > picture.shape[1] or 4 * high > picture.shape[0]


def line_width(picture: NDArray) -> int:
    """Pixels of a line that is seen in a picture of this size."""
    return max(1, round(max(picture.shape[:2]) / 800))


def _draw_contour(picture: NDArray[np.uint8], above: NDArray[np.bool_]) -> None:
    outlines, _ = cv2.findContours(above.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    width = line_width(picture)
    cv2.drawContours(picture, outlines, -1, SHADOW, 3 * width)
    cv2.drawContours(picture, outlines, -1, CONTOUR_COLOUR, width)
