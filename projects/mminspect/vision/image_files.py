"""Is this image file whole, and how large is it? Answered from its structure, without decoding the pixels.

OpenCV decodes a JPEG that was cut off half-way without an error and fills the rest with grey, so a damaged file would
be trained on. A whole file ends with the mark of its format; only where that mark is missing are the pixels decoded,
by Pillow, which does report it. Thousands of files take seconds.
"""
from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image

#: Bytes at the end of a file that are searched for the end mark; some cameras append a few bytes after it.
_TAIL = 2048
#: Orientations that exchange the sides.
_QUARTERS = (5, 6, 7, 8)
#: Tag of EXIF and of TIFF.
EXIF_ORIENTATION = 0x0112
#: As many as OpenCV accepts. Pillow's own limit, meant against hostile files, stops line scans.
MAXIMUM_PIXELS = 2**30


@dataclass(frozen=True)
class ImageProbe:
    """``size`` is (width, height) in pixels as the image is loaded; ``problem`` in a few words, or None."""

    size: tuple[int, int] = (0, 0)
    problem: str | None = None


@contextmanager
def large_images() -> Iterator[None]:
    """Let Pillow open images of up to :data:`MAXIMUM_PIXELS`."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MAXIMUM_PIXELS // 2  # it warns from here on and refuses from twice as many
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def probe_image(path: str | Path, orientation: bool = True) -> ImageProbe:
    """Size and state of an image file.

    Args:
        path: Of the file.
        orientation: Whether it will be read with the rotation that an EXIF tag asks for, which may exchange the sides.

    Returns:
        a probe whose ``problem`` is one of 'missing', 'empty', 'truncated', 'not readable', 'not an image',
        'too large', or None.
    """
    try:
        with open(path, 'rb') as file:
            return _probe(file, orientation)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ImageProbe(problem='missing')
    except PermissionError:
        return ImageProbe(problem='not readable')


def _probe(file: BinaryIO, orientation: bool) -> ImageProbe:
    length = os.fstat(file.fileno()).st_size
    if length == 0:
        return ImageProbe(problem='empty')
    try:
        with large_images(), warnings.catch_warnings():
            warnings.simplefilter('ignore')  # Pillow's remarks about damaged tags: the answer is ours
            return _probe_structure(file, length, orientation)
    except Image.UnidentifiedImageError:
        return ImageProbe(problem='not an image')
    except Image.DecompressionBombError:
        return ImageProbe(problem='too large')
    except (OSError, SyntaxError, ValueError, EOFError, KeyError):  # what Pillow's decoders raise on damaged data
        return ImageProbe(problem='truncated')


def _probe_structure(file: BinaryIO, length: int, orientation: bool) -> ImageProbe:
    with Image.open(file) as image:
        size = loaded_size(image, orientation)
        if _ends_well(file, image.format, length):
            return ImageProbe(size)
        if image.format == 'JPEG' and not _has_end(_read(file, 0, length)):
            return ImageProbe(problem='truncated')
        image.load()  # no end mark: let a strict decoder judge
        return ImageProbe(size)


def loaded_size(image: Image.Image, orientation: bool = True) -> tuple[int, int]:
    """(width, height) as the image is read, from its header.

    Args:
        image: Opened, not loaded. Of a TIFF Pillow gives the sides as they are behind the rotation, of others not.
        orientation: Whether the rotation that EXIF asks for is applied.
    """
    width, height = image.size
    if image.format == 'TIFF':
        exchange = not orientation and image.tag_v2.get(EXIF_ORIENTATION, 1) in _QUARTERS
    else:
        exchange = orientation and 'exif' in image.info and image.getexif().get(EXIF_ORIENTATION, 1) in _QUARTERS
    return (height, width) if exchange else (width, height)


def _ends_well(file: BinaryIO, kind: str | None, length: int) -> bool:
    """Whether the structure says that nothing is missing at the end; False also for formats without such a mark."""
    if kind == 'BMP':
        declared = int.from_bytes(_read(file, 2, 4), 'little')
        return _BMP_HEADERS < declared <= length
    tail = _read(file, max(0, length - _TAIL), _TAIL)
    if kind in ('JPEG', 'MPO'):
        return b'\xff\xd9' in tail
    if kind == 'PNG':
        return b'IEND\xaeB`\x82' in tail
    if kind == 'WEBP':
        return int.from_bytes(_read(file, 4, 4), 'little') + 8 <= length
    return False


def _has_end(jpeg: bytes) -> bool:
    """Whether an end mark follows the start of the pixels: decoders take whatever comes in its place for pixels."""
    position = 2
    while jpeg[position + 1:position + 2] not in (b'\xda', b''):
        position += 2 + int.from_bytes(jpeg[position + 2:position + 4], 'big')
    return jpeg.find(b'\xff\xd9', position) >= 0


#: A BMP holds at least these bytes of headers; some programs write 0 as the file's size.
_BMP_HEADERS = 54


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    position = file.tell()
    file.seek(start)
    data = file.read(count)
    file.seek(position)
    return data
