"""Kinds of picture files, told by their bytes, and what a decoder would not notice or notice too late.

Decoders look at every part of a file in turn, so that a small file of a million parts, or a progressive JPEG with a
thousand scans of the same pixels, keeps them busy for minutes.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from mminspect.vision.jpeg import SCAN, segments
from mminspect.vision.png import check_parts
from mminspect.vision.unusual import UnsoundImageError

from . import jpeg2000

#: Parts before the pixels of a JPEG, stray bytes included; a colour profile takes 255 at most.
_SEGMENTS = 5000
#: Passes over the pixels of a JPEG; programs write about ten.
_SCANS = 64
_SCAN = re.compile(rb'\xff\xda')


@dataclass(frozen=True)
class Kind:
    """An accepted kind of file.

    Attributes:
        name: Name of the format in Pillow.
        extension: Ending of file names, with its dot.
        content_type: Value of the HTTP header of this name.
        start: Pattern of its first bytes.
        check: Raises UnsoundImageError for the bytes of a file that should not be decoded.
    """

    name: str
    extension: str
    content_type: str
    start: re.Pattern[bytes]
    check: Callable[[bytes], None] = lambda data: None


def find_kind(data: bytes) -> Kind | None:
    """Which kind of file it begins as, None if it is none of them."""
    return next((kind for kind in _KINDS if kind.start.match(data)), None)


def _check_jpeg(data: bytes) -> None:
    """Stray bytes count as parts: Pillow steps over them one by one, up to the first scan."""
    parts, position, pixels = 0, 2, len(data)
    for marker, start, end in segments(data):
        parts, position = parts + 1 + start - position, end
        if marker == SCAN:
            position = pixels = start
            break
        if parts > _SEGMENTS:
            break
    if parts + pixels - position > _SEGMENTS:
        raise UnsoundImageError('it consists of too many parts')
    if len(list(islice(_SCAN.finditer(data, pixels), _SCANS + 1))) > _SCANS:
        raise UnsoundImageError('it passes over its pixels too often')


def _check_jpeg2000(data: bytes) -> None:
    try:
        jpeg2000.check(data)
    except jpeg2000.StructureError as error:
        raise UnsoundImageError(str(error)) from error


_KINDS = (
    Kind('PNG', '.png', 'image/png', re.compile(rb'\x89PNG\r\n\x1a\n'), check_parts),
    Kind('JPEG', '.jpg', 'image/jpeg', re.compile(rb'\xff\xd8\xff'), _check_jpeg),
    Kind('BMP', '.bmp', 'image/bmp', re.compile(rb'BM')),
    Kind('TIFF', '.tif', 'image/tiff', re.compile(rb'II\*\0|MM\0\*')),
    Kind('WEBP', '.webp', 'image/webp', re.compile(rb'RIFF.{4}WEBP', re.DOTALL)),
    Kind('JPEG2000', '.jp2', 'image/jp2', re.compile(re.escape(jpeg2000.SIGNATURE)), _check_jpeg2000),
    Kind('JPEG2000', '.j2k', 'image/j2c', re.compile(re.escape(jpeg2000.CODESTREAM)), _check_jpeg2000))
