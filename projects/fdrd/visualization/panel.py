"""One image with boxes around objects, a title and a legend."""
from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.vision.captions import Lettering, places

Image = NDArray[np.uint8]

#: Panels narrower than this many pixels are enlarged by a whole number, without smoothing.
PANEL_WIDTH = 900
MAXIMUM_ENLARGEMENT = 8
#: Pixels between an object and its box, and of background around the image, so that boxes at the border are whole.
GAP, MARGIN = 3, 18
#: Pixels of background above the image, for a line of the title, one of the legend, and a caption.
HEAD = 3 * MARGIN
BACKGROUND, TEXT = (32, 32, 32), (235, 235, 235)
#: Colours (blue, green, red) by class, bright on dark and on light images; repeated beyond ten classes.
COLOURS = ((60, 60, 255), (80, 220, 60), (255, 160, 40), (40, 220, 255), (255, 80, 220), (230, 230, 60),
           (60, 140, 255), (180, 105, 255), (150, 220, 150), (200, 200, 200))
_LETTERING, _TITLE = Lettering(1, BACKGROUND), 0.5
#: Pixels between captions and boxes, and the sides of a sample of a box in the legend.
_SPACE, _SAMPLE = 3, (22, 11)


class Line(Enum):
    """How a box is drawn: pixels of a dash and of the gap behind it (none: a whole line), and of its width."""

    WHOLE = (1, 0, 1)
    DASHED = (5, 4, 2)
    DOTTED = (1, 2, 1)


class Mark(Enum):
    """What a box is: its line, its word in the legend, and what its caption begins with."""

    FOUND = (Line.WHOLE, 'found', '')
    MISSED = (Line.DASHED, 'missed', 'missed: ')
    IGNORED = (Line.DOTTED, 'ignored: crowd or difficult', 'ignored: ')
    RIGHT = (Line.WHOLE, 'right', '')
    FALSE = (Line.DASHED, 'false', 'false: ')
    ON_IGNORED = (Line.DOTTED, 'on an ignored object', '')
    UNJUDGED = (Line.WHOLE, '', '')


class MarkedBox(NamedTuple):
    """A box to be drawn.

    Attributes:
        box: (4, ), x0 y0 x1 y1 in pixels of the image.
        label: Number of its class, which gives the colour.
        caption: What is written beside it, behind the mark's own words.
        mark: What it is.
    """

    box: NDArray
    label: int
    caption: str
    mark: Mark


def enlargement(width: int) -> int:
    """Whole factor by which an image of ``width`` pixels is enlarged."""
    return max(1, min(MAXIMUM_ENLARGEMENT, round(PANEL_WIDTH / width)))


def draw_panel(image: Image, boxes: Sequence[MarkedBox], title: str) -> Image:
    """The image, enlarged if it is small, with its boxes.

    Every box is drawn around its object, ``GAP`` pixels off, so it hides nothing of it. No caption is printed over
    another; where boxes crowd, later ones go without.

    Args:
        image: (H, W, 3), blue-green-red, 0..255.
        boxes: Those whose captions matter most first.
        title: Above the image.

    Returns:
        (H', W', 3), uint8.
    """
    factor = enlargement(image.shape[1])
    large = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
    panel = cv2.copyMakeBorder(large, HEAD, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT, value=BACKGROUND)
    _head(panel, title, boxes)
    outlines = [_outline(one.box, factor) for one in boxes]
    for one, outline in zip(boxes, outlines, strict=True):
        _rectangle(panel, outline, _colour(one.label), one.mark.value[0])
    captions = [one.mark.value[2] + one.caption for one in boxes]
    room = (0, 2 * MARGIN + 1, panel.shape[1], panel.shape[0])
    corners = places(np.array([(x0, y0, x1 + 1, y1 + 1) for x0, y0, x1, y1 in outlines]),
                     [_LETTERING.size(text) for text in captions], room, _SPACE)
    for one, text, corner in zip(boxes, captions, corners, strict=True):
        if corner is not None:
            _LETTERING.write(panel, text, corner, _colour(one.label))
    return panel


def _head(panel: Image, title: str, boxes: Sequence[MarkedBox]) -> None:
    """The title, in smaller letters where it is long, and a legend of the marks that there are."""
    (wide, _), _ = cv2.getTextSize(title, cv2.FONT_HERSHEY_SIMPLEX, _TITLE, 1)
    size = _TITLE * min(1.0, (panel.shape[1] - 2 * MARGIN) / wide)
    cv2.putText(panel, title, (MARGIN, MARGIN), cv2.FONT_HERSHEY_SIMPLEX, size, TEXT, 1, cv2.LINE_AA)
    left, (width, height) = MARGIN, _SAMPLE
    for mark in (one for one in Mark if one.value[1] and any(box.mark is one for box in boxes)):
        line, word, _ = mark.value
        _rectangle(panel, (left, 2 * MARGIN - height, left + width, 2 * MARGIN), TEXT, line)
        _LETTERING.write(panel, word, (left + width + 2 * _SPACE, 2 * MARGIN), TEXT)
        left += width + _LETTERING.size(word)[0] + 8 * _SPACE


def _outline(box: NDArray, factor: int) -> tuple[int, int, int, int]:
    """First and last pixels of what is drawn around an object, in those of the panel."""
    # A box that ends at x1 has its last pixel at x1 - 1.
    x0, y0 = (int(side) for side in np.floor(np.asarray(box[:2], float) * factor) - GAP)
    x1, y1 = (int(side) for side in np.ceil(np.asarray(box[2:], float) * factor) - 1 + GAP)
    return x0 + MARGIN, y0 + HEAD, x1 + MARGIN, y1 + HEAD


def _rectangle(panel: Image, outline: tuple[int, int, int, int], colour: tuple[int, int, int], line: Line) -> None:
    """Dashes begin at every corner; a wide line grows towards the object."""
    x0, y0, x1, y1 = outline
    dash, gap, width = line.value
    if not gap:
        cv2.rectangle(panel, (x0, y0), (x1, y1), colour, width)
        return
    for start, end, fixed, wide, across in ((x0, x1, y0, 1, False), (x0, x1, y1, -1, False),
                                            (y0, y1, x0, 1, True), (y0, y1, x1, -1, True)):
        for first, last in _dashes(start, end, dash, gap):
            near, far = sorted((fixed, fixed + wide * (width - 1)))
            corners = ((near, first), (far, last)) if across else ((first, near), (last, far))
            cv2.rectangle(panel, *corners, colour, cv2.FILLED)


def _dashes(start: int, end: int, dash: int, gap: int) -> list[tuple[int, int]]:
    """First and last pixels of dashes along a side, evenly from corner to corner."""
    length = end - start + 1
    if length <= 2 * dash:
        return [(start, start), (end, end)]
    firsts = np.linspace(start, end - dash + 1, max(2, round((length + gap) / (dash + gap)))).round().astype(int)
    return [(int(first), int(first) + dash - 1) for first in firsts]


def _colour(label: int) -> tuple[int, int, int]:
    return COLOURS[label % len(COLOURS)]
