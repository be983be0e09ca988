"""Is this image file whole, and how large is it? Of JPEG and PNG answered without decoding all pixels.

OpenCV decodes a JPEG that was cut off half-way without an error and fills the rest with grey, so a damaged file would
be trained on. A whole JPEG ends with its mark, and its first rows can be decoded; every part of a whole PNG has the
check sum that it says. Only where that is not so, and files of other kinds, are decoded. Thousands of files take
seconds.
"""
from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from .decoding import DAMAGED, EXIF_ORIENTATION, Decoded, Header, bytes_at, decode, large_images, read_header
from .unusual import UnusualImageError

__all__ = ['EXIF_ORIENTATION', 'ImageProbe', 'large_images', 'probe_image']

#: How problems begin that only those who know the pipeline can judge.
OF_NUMBERS = 'of numbers'
#: Bytes at the end of a file that are searched for the end mark; some cameras append a few bytes after it.
_TAIL = 2048
#: Bytes that hold the headers of most JPEG files, with their preview and colour profile.
_JPEG_HEADER = 2**16
#: Rows of a JPEG that are decoded, and the least bytes of pixels that are taken for them.
_FIRST_ROWS, _FIRST_BYTES = 16, 2**14
#: Markers of a JPEG behind which its size stands.
_FRAMES = {*range(0xc0, 0xd0)} - {0xc4, 0xc8, 0xcc}


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
        a probe whose ``problem`` is one of 'missing', 'empty', 'truncated', 'not readable', 'not an image',
        'too large', one that begins with 'of an unusual kind' or 'of numbers', or None.
    """
    try:
        with open(path, 'rb') as file:
            return _probe(file, orientation, max_value)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ImageProbe(problem='missing')
    except PermissionError:
        return ImageProbe(problem='not readable')


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
        return _check_sums(file)
    if header.kind in ('JPEG', 'MPO'):
        data = bytes_at(file, 0, _JPEG_HEADER)
        if b'\xff\xd9' in bytes_at(file, max(0, length - _TAIL), _TAIL):
            return _check_start(data, file, header.size)
        if header.kind == 'JPEG' and not _has_end(bytes_at(file, 0, length)):
            return 'truncated'
    return _problem_of_numbers(decode(file), max_value)


def _problem_of_numbers(decoded: Decoded, max_value: float | None) -> str | None:
    kind = decoded.pixels.dtype
    if decoded.white is None and max_value is None:
        return f'{OF_NUMBERS} whose value of white is not known ({kind}, without max_value in LoadInspectionImage)'
    if kind.kind == 'f' and not np.isfinite(decoded.pixels).all():
        return f'{OF_NUMBERS} that are NaN or infinite'
    return None


def _check_sums(file: BinaryIO) -> None:
    """Raise SyntaxError or OSError unless every part of a PNG has the check sum that it says; reading compares few."""
    file.seek(0)
    with large_images(), Image.open(file, formats=['PNG']) as image:
        image.verify()


def _check_start(data: bytes, file: BinaryIO, size: tuple[int, int]) -> None:
    """Raise what the decoder raises for the first rows of a JPEG: its tables are needed for them.

    Args:
        data: The start of the file.
        file: The whole file, for headers that are longer.
        size: (width, height), in either order.
    """
    frame, scan = _places(data)
    if scan is None:
        data = bytes_at(file, 0, os.fstat(file.fileno()).st_size)
        frame, scan = _places(data)
    if frame is None or scan is None:
        raise ValueError('it has no pixels')
    wanted = scan + _FIRST_BYTES + 4 * _FIRST_ROWS * max(size)
    start = bytearray(data[:wanted] if len(data) >= wanted else bytes_at(file, 0, wanted))
    start[frame:frame + 2] = min(_FIRST_ROWS, int.from_bytes(start[frame:frame + 2], 'big')).to_bytes(2, 'big')
    with Image.open(io.BytesIO(bytes(start) + b'\xff\xd9'), formats=['JPEG']) as image:
        image.load()


def _places(jpeg: bytes) -> tuple[int | None, int | None]:
    """Where the number of rows stands, and where the first pixels begin; None for what is not there."""
    frame, position = None, 2
    while position + 4 <= len(jpeg):
        marker = jpeg[position + 1]
        if jpeg[position] != 0xff or marker in (0x00, 0xff):  # padding, or what does not belong there
            position += 1
            continue
        if marker in _FRAMES and frame is None:
            frame = position + 5
        if marker == 0xda:
            return frame, position
        position += 2 if marker == 0x01 or 0xd0 <= marker <= 0xd9 else 2 + int.from_bytes(
            jpeg[position + 2:position + 4], 'big')
    return frame, None


def _has_end(jpeg: bytes) -> bool:
    """Whether an end mark follows the start of the pixels: decoders take whatever comes in its place for pixels."""
    position = 2
    while jpeg[position + 1:position + 2] not in (b'\xda', b''):
        position += 2 + int.from_bytes(jpeg[position + 2:position + 4], 'big')
    return jpeg.find(b'\xff\xd9', position) >= 0
