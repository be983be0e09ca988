"""Boxes and outlines over a picture, as SVG: sharp at every size, and named in the letters of whoever looks at it."""
from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .items import Box

#: Told apart from each other and from grey parts; those of further classes begin anew.
COLOURS = ('#ff2d95', '#00c8ff', '#ffd400', '#57e000', '#ff7a00', '#b78cff', '#00e0b0', '#ffffff')
#: Height of letters, in pixels of the picture, and how wide they are for that; those of East Asia are square.
LETTERS, _WIDE, _SQUARE = 12, 0.67, 1.05
#: A mark keeps this distance, in pixels of the picture.
GAP = 1.0
#: Left, top, right, bottom in pixels.
Rectangle = tuple[float, float, float, float]


class Canvas:
    """What is drawn over a part of an image.

    Args:
        window: The part, in pixels of the image.
        scale: Pixels of the picture for one of the image.
    """

    def __init__(self, window: tuple[int, int, int, int], scale: float) -> None:
        self.window, self.scale = window, scale
        self.width, self.height = ((window[2] - window[0]) * scale, (window[3] - window[1]) * scale)

    def placed(self, box: Box) -> Rectangle | None:
        """A box in pixels of the picture, cut off at its edges; None where it is outside."""
        x0, y0 = ((value - start) * self.scale for value, start in zip((box.x, box.y), self.window, strict=False))
        x1, y1 = x0 + box.width * self.scale, y0 + box.height * self.scale
        if x1 <= 0 or y1 <= 0 or x0 >= self.width or y0 >= self.height:
            return None
        return max(x0, 0.0), max(y0, 0.0), min(x1, self.width), min(y1, self.height)

    def seen(self, boxes: Iterable[Box]) -> list[Box]:
        """Those that are inside, wholly or in part."""
        return [box for box in boxes if self.placed(box) is not None]

    def boxes(self, boxes: Sequence[Box], colours: Mapping[str, str]) -> str:
        """Every box that is seen, then the names for which there is room, those of the first boxes first.

        Args:
            boxes: In pixels of the image.
            colours: Of their classes.
        """
        paths: dict[str, str] = {}
        for box in self.seen(boxes):
            x0, y0, x1, y1 = self.placed(box)
            sides = f'M{x0 - GAP:.1f} {y0 - GAP:.1f}H{x1 + GAP:.1f}V{y1 + GAP:.1f}H{x0 - GAP:.1f}z'
            paths[box.category] = paths.get(box.category, '') + sides
        return self._svg([*(_path(path, colours[name]) for name, path in paths.items()), *self._names(boxes, colours)])

    def outline(self, mask: NDArray[np.uint8], colour: str) -> str:
        """What surrounds the marked pixels.

        Args:
            mask: (H, W) of the window, 0 or 1.
            colour: Of the line.
        """
        reach = math.ceil(1.5 * GAP / self.scale)
        grown = cv2.dilate(cv2.copyMakeBorder(mask, reach, reach, reach, reach, cv2.BORDER_CONSTANT),
                           cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
        lines, _ = cv2.findContours(grown, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        path = ''
        for line in lines:
            points = (cv2.approxPolyDP(line, 0.4 / self.scale, True)[:, 0] - reach + 0.5) * self.scale
            path += 'M' + 'L'.join(f'{x:.1f} {y:.1f}' for x, y in points) + 'z'
        return self._svg([_path(path, colour)])

    def _names(self, boxes: Sequence[Box], colours: Mapping[str, str]) -> Iterable[str]:
        """Over no other name, and only the first of a class over another box: in a crowd the colour says enough."""
        taken: list[Rectangle] = []
        named: set[str] = set()
        rectangles = [(box, self.placed(box)) for box in self.seen(boxes)]
        for box, own in rectangles:
            others = list(taken)
            if box.category in named:  # nor inside its own, where that is low
                others += [one for _, one in rectangles if one != own or own[3] - own[1] < 3 * LETTERS]
            place = next((place for place in self._places(own, box.category)
                          if not any(_overlap(place, other) for other in others)), None)
            if place is not None:
                taken.append(place)
                named.add(box.category)
                yield f'<text x="{place[0]:.1f}" y="{place[3] - 2:.1f}" style="fill:{colours[box.category]}">' \
                      f'{html.escape(box.category)}</text>'

    def _places(self, box: Rectangle, name: str) -> Iterable[Rectangle]:
        """Where a name may stand: above its box, below it, beside it, or inside; never out of the picture."""
        width, space = text_width(name), 2 * GAP
        if width > self.width:
            return
        left = max(0.0, min(box[0], self.width - width))
        middle = max(float(LETTERS), min((box[1] + box[3] + LETTERS) / 2, self.height))
        for x, bottom in ((left, box[1] - space), (left, box[3] + LETTERS + space), (box[2] + space, middle),
                          (box[0] - space - width, middle), (left, box[1] + LETTERS + space)):
            if x >= 0 and x + width <= self.width and bottom >= LETTERS and bottom <= self.height:
                yield x, bottom - LETTERS, x + width, bottom

    def _svg(self, parts: Iterable[str]) -> str:
        return (f'<svg viewBox="0 0 {self.width:.1f} {self.height:.1f}" preserveAspectRatio="none" aria-hidden="true">'
                f'{"".join(parts)}</svg>')


def text_width(text: str) -> float:
    """About how wide a line of :data:`LETTERS` is, in pixels."""
    return LETTERS * sum(_SQUARE if unicodedata.east_asian_width(letter) in 'WF' else _WIDE for letter in text)


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, by their order."""
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(dict.fromkeys(names))}


def _path(path: str, colour: str) -> str:
    return f'<path d="{path}" stroke="{colour}"/>'


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
