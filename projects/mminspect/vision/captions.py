"""Words beside boxes in pictures: how large they are, where they find room, and how they are written."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .fonts import draw_text, text_size

#: OpenCV's letters, and pixels of those that it has not, for every pixel of a line.
_SCALE, _LETTERS = 0.4, 13
_FONT = cv2.FONT_HERSHEY_SIMPLEX
#: A box of so many times the area of its caption has room for it inside.
_LARGE = 8


@dataclass(frozen=True)
class Lettering:
    """How captions are written.

    Attributes:
        width: Pixels of a line of the picture; letters grow with it.
        shadow: Colour of what surrounds the letters, in the order of the picture's channels.
    """

    width: int = 1
    shadow: tuple[int, int, int] = (0, 0, 0)

    def size(self, text: str) -> tuple[int, int]:
        """Width of a text, and its height above the line that it stands on, in pixels."""
        if not text.isascii():
            return text_size(text, _LETTERS * self.width)
        (wide, high), _ = cv2.getTextSize(text, _FONT, _SCALE * self.width, self.width)
        return wide, high

    def write(self, picture: NDArray[np.uint8], text: str, corner: tuple[int, int],
              colour: tuple[int, int, int]) -> None:
        """Write a text for whose letters there are fonts, from the left end of its line (x, y) on."""
        if not text.isascii():
            return draw_text(picture, text, corner, _LETTERS * self.width, colour, self.shadow, self.width)
        for ink, width in ((self.shadow, 3 * self.width), (colour, self.width)):
            cv2.putText(picture, text, corner, _FONT, _SCALE * self.width, ink, width, cv2.LINE_AA)


def places(boxes: NDArray, sizes: Sequence[tuple[int, int]], area: Sequence[int], gap: int
           ) -> list[tuple[int, int] | None]:
    """Where the captions of boxes are written so that none is printed over another.

    A caption stands above its box, else below, else beside it, inside the area; in the corner of a large box if there
    is no room around it; rather where it hides nothing of another box. The first boxes choose first: give the surest
    ones first. A caption that finds no room is left out.

    Args:
        boxes: (n, 4), x0 y0 x1 y1 of what is drawn around, in pixels of the picture.
        sizes: Width and height of each caption, in pixels.
        area: x0 y0 x1 y1 where words may be.
        gap: Pixels between a caption and its box, and between captions.

    Returns:
        For each box the left end of the line on which its caption stands (x, y), or None.
    """
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    found: list[tuple[int, int] | None] = []
    taken = np.zeros((0, 4))
    for number, (box, (wide, high)) in enumerate(zip(boxes, sizes, strict=True)):
        candidates = _candidates(box, wide, high, area, gap)
        free = candidates[~_meet(candidates, taken).any(axis=1)]
        if not len(free):
            found.append(None)
            continue
        others = _meet(free, np.delete(boxes, number, axis=0)).sum(axis=1)
        place = free[np.argmin(others)]
        taken = np.vstack([taken, place + np.array([-gap, -gap, gap, gap])])
        found.append((int(place[0]), int(place[3])))
    return found


def _candidates(box: NDArray, wide: int, high: int, area: Sequence[int], gap: int) -> NDArray:
    """(m, 4), places around a box that lie inside the area, best first; of a large box also one in its corner."""
    x0, y0, x1, y1 = (int(side) for side in box)
    left, top, right, bottom = area
    above, below, lefts = y0 - gap - high, y1 + gap, (x0, x1 - wide)
    corners = np.array([*((x, y) for y in (above, below) for x in lefts),
                        *((x, y) for y in (y0, y1 - high) for x in (x1 + gap, x0 - gap - wide)),
                        *((x, y) for y in (above - high - 2 * gap, below + high + 2 * gap) for x in lefts)])
    corners[:, 0] = np.clip(corners[:, 0], left, max(left, right - wide))
    around = np.hstack([corners, corners + np.array([wide, high])])
    around = around[~_meet(around, np.array([[x0, y0, x1, y1]]))[:, 0]]  # those that the border pushed into the box
    if _LARGE * (wide + 2 * gap) * (high + 2 * gap) <= (x1 - x0) * (y1 - y0):
        x, y = max(left, x0 + gap), max(top, y0 + gap)
        around = np.vstack([around, [x, y, x + wide, y + high]])
    inside = (around[:, :2] >= [left, top]).all(axis=1) & (around[:, 2:] <= [right, bottom]).all(axis=1)
    return around[inside]


def _meet(some: NDArray, others: NDArray) -> NDArray[np.bool_]:
    """(n, m), which rectangles overlap."""
    return ((some[:, None, :2] < others[None, :, 2:]) & (some[:, None, 2:] > others[None, :, :2])).all(axis=2)
