"""Pictures of a report, as data in the page itself."""
from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mminspect.core.errors import UserError
from mminspect.vision.reading import Reading

from .items import Box

#: Longest side in pixels.
SIDE = 240
#: Around an object there is this much of its own size on each side, and at least so many pixels.
_MARGIN, _LEAST = 1.5, 16
_MARK = (224, 0, 64)


def thumbnail(path: str, reading: Reading, box: Box | None = None) -> str:
    """The image, or what is around a box in it with the box drawn, as a ``data:`` address; '' if it cannot be read."""
    try:
        pixels = reading.read(path)
    except UserError:
        return ''
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    picture = _around(picture, box) if box else picture
    picture.thumbnail((SIDE, SIDE))
    return address(np.asarray(picture))


def address(pixels: NDArray[np.uint8]) -> str:
    """(H, W, 3) as a JPEG in a ``data:`` address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, 'JPEG', quality=80)
    return f'data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}'


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
