"""Is this image file whole, and how large is it? Of JPEG and PNG answered without decoding all pixels.

OpenCV decodes a JPEG that was cut off half-way without an error and fills the rest with grey, so a damaged file would
be trained on. Of a JPEG the brightness of blocks of 8 x 8 is decoded, up to its end; every part of a whole PNG has the
check sum that it says. Files of other kinds are decoded. A thousand JPEGs of a megapixel take about two seconds, PNGs a
quarter of one.

A PNG whose parts have the right sums and hold fewer pixels than its header says is told by its reader alone: no disk or
network makes such a file, and expanding the pixels takes as long as reading them.
"""
from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from .decoding import DAMAGED, EXIF_ORIENTATION, Decoded, Header, bytes_at, decode, large_images, read_header
from .jpeg import ends_early
from .png import check_parts, check_room
from .unusual import UnusualImageError

__all__ = ['EXIF_ORIENTATION', 'ImageProbe', 'large_images', 'probe_image']

#: The problem of a link that leads to itself.
LINK = 'a link to itself'
#: How problems begin that only those who know the pipeline can judge.
OF_NUMBERS = 'of numbers'


@dataclass(frozen=True)
class ImageProbe:
    """What a look at an image file has found.

    Attributes:
        size: (width, height) in pixels as the image is loaded; (0, 0) where the problem is another than that of numbers
            of unknown range.
        problem: Behind 'the image is', in a few words; or None.
        orientation: As EXIF says it, 1 to 8; 1 is upright.
        bits: Of one channel in the file.
        common: Whether other readers than the project's, mmcv's ``LoadImageFromFile`` among them, give the same pixels.
    """

    size: tuple[int, int] = (0, 0)
    problem: str | None = None
    orientation: int = 1
    bits: int = 8
    common: bool = True


def probe_image(path: str | Path, orientation: bool = True, max_value: float | None = None) -> ImageProbe:
    """Size and state of an image file: what has no problem here is read by every reader of the project.

    Args:
        path: Of the file.
        orientation: Whether it will be read with the rotation that an EXIF tag asks for, which may exchange the sides.
        max_value: Value of white, if its reader declares one; without it numbers of unknown range are a problem.

    Returns:
        a probe whose ``problem`` is one of 'missing', :data:`LINK`, 'empty', 'truncated', 'not readable',
        'not an image', 'too large', one that begins with 'of an unusual kind' or 'of numbers', or None.
    """
    try:
        with open(path, 'rb') as file:
            return _probe(file, orientation, max_value)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ImageProbe(problem='missing')
    except PermissionError:
        return ImageProbe(problem='not readable')
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return ImageProbe(problem=LINK)


def _probe(file: BinaryIO, orientation: bool, max_value: float | None) -> ImageProbe:
    length = os.fstat(file.fileno()).st_size
    if length == 0:
        return ImageProbe(problem='empty')
    try:
        header = read_header(file, orientation)
        problem = _problem(file, header, length, max_value)
    except Image.UnidentifiedImageError:
        return ImageProbe(problem='not an image')
    except UnusualImageError as error:
        return ImageProbe(problem=f'of an unusual kind ({error})')
    except Image.DecompressionBombError:
        return ImageProbe(problem='too large')
    except DAMAGED:
        return ImageProbe(problem='truncated')
    size = header.size if problem is None or problem.startswith(OF_NUMBERS) else (0, 0)
    return ImageProbe(size, problem, header.orientation, header.bits, header.common)


def _problem(file: BinaryIO, header: Header, length: int, max_value: float | None) -> str | None:
    if header.kind == 'PNG':
        data = bytes_at(file, 0, length)
        check_parts(data)
        check_room(data)
        return None
    if header.kind in ('JPEG', 'MPO'):
        with large_images():
            return 'truncated' if ends_early(bytes_at(file, 0, length)) else None
    return _problem_of_numbers(decode(file), max_value)


def _problem_of_numbers(decoded: Decoded, max_value: float | None) -> str | None:
    kind = decoded.pixels.dtype
    if decoded.white is None and max_value is None:
        return f'{OF_NUMBERS} whose value of white is not known ({kind}, without max_value in LoadInspectionImage)'
    if kind.kind == 'f' and not np.isfinite(decoded.pixels).all():
        return f'{OF_NUMBERS} that are NaN or infinite'
    return None
