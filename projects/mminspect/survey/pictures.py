"""Pictures of a report, as data in the page itself."""
from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mminspect.core.errors import UserError
from mminspect.vision.reading import Reading

from .items import Box, Size

#: Longest side in pixels.
SIDE = 240
#: Around an object there is this much of its own size on each side, and at least so many pixels.
_MARGIN, _LEAST = 1.5, 16
#: Of a picture that shows where an object is, the longest side is that of the object so many times; an image of which
#: it would show more than this share is shown whole.
_TIMES, _MOST = 6, 0.8
_MARK = (224, 0, 64)


@dataclass(frozen=True)
class View:
    """A picture of a part of an image.

    Attributes:
        source: Its ``data:`` address.
        window: Left, top, right and bottom of the part, in pixels of the image.
        scale: Of marks above it: :data:`SIDE` for the longest side of the part, whatever pixels the picture has.
        size: (width, height) of the image in pixels.
    """

    source: str
    window: tuple[int, int, int, int]
    scale: float
    size: Size

    @property
    def whole(self) -> bool:
        """Whether it is all of the image."""
        return self.window == (0, 0, *self.size)


def thumbnail(path: str, reading: Reading, box: Box | None = None) -> str:
    """The image, or what is around a box in it with the box drawn, as a ``data:`` address; '' if it cannot be read."""
    if (picture := _read(path, reading)) is None:
        return ''
    picture = _around(picture, box) if box else picture
    picture.thumbnail((SIDE, SIDE))
    return address(np.asarray(picture))


def view(path: str, reading: Reading, box: Box | None = None) -> View | None:
    """The image, or of a large one the part around a box in which it is seen well; None if it cannot be read.

    Nothing is drawn, so that marks can lie above it. The part has the form of the image, and is not below
    :data:`SIDE` pixels.
    """
    if (picture := _read(path, reading)) is None:
        return None
    size, window = picture.size, (0, 0, *picture.size)
    if box is not None and (factor := max(SIDE, _TIMES * max(box.width, box.height)) / max(size)) < _MOST:
        window = _window(box, size, factor)
    part = picture.crop(window)
    part.thumbnail((SIDE, SIDE))
    return View(address(np.asarray(part)), window, SIDE / max(window[2] - window[0], window[3] - window[1]), size)


def address(pixels: NDArray[np.uint8]) -> str:
    """(H, W, 3) as a JPEG in a ``data:`` address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, 'JPEG', quality=80, optimize=True)
    return f'data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}'


def _read(path: str, reading: Reading) -> Image.Image | None:
    try:
        pixels = reading.read(path)
    except UserError:
        return None
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _window(box: Box, size: Size, factor: float) -> tuple[int, int, int, int]:
    """A part of ``factor`` times the sides of an image, with the box in its middle where the edges allow it; of a
    long image at least as much as holds the box."""
    width, height = (min(side, max(round(factor * side), round(own * 1.5), _LEAST))
                     for side, own in zip(size, (box.width, box.height), strict=True))
    left = round(max(0, min(box.x + (box.width - width) / 2, size[0] - width)))
    top = round(max(0, min(box.y + (box.height - height) / 2, size[1] - height)))
    return left, top, left + width, top + height


def _around(picture: Image.Image, box: Box) -> Image.Image:
    """A square around the box, enlarged to the size of a thumbnail."""
    half = max((0.5 + _MARGIN) * max(box.width, box.height), _LEAST)
    x, y = box.x + box.width / 2, box.y + box.height / 2
    corner = max(0, min(x - half, picture.width - 2 * half)), max(0, min(y - half, picture.height - 2 * half))
    part = picture.crop((round(corner[0]), round(corner[1]), round(min(corner[0] + 2 * half, picture.width)),
                         round(min(corner[1] + 2 * half, picture.height))))
    scale = SIDE / max(part.size)
    part = part.resize((max(1, round(part.width * scale)), max(1, round(part.height * scale))),
                       Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR)
    left, top = (scale * (value - round(start)) for value, start in zip((box.x, box.y), corner, strict=True))
    ImageDraw.Draw(part).rectangle((left - 3, top - 3, left + scale * box.width + 2, top + scale * box.height + 2),
                                   outline=_MARK, width=2)
    return part
