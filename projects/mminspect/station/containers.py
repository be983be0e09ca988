"""Kinds of picture files, told by their bytes, and what a decoder would not notice or notice too late.

Decoders look at every part of a file in turn, so that a small file of a million parts, or a progressive JPEG with a
thousand scans of the same pixels, keeps them busy for minutes. And Pillow, which is strict otherwise, compares no check
sum of a PNG's pixels.
"""
from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

#: Parts of a PNG: so many, and one for so many bytes; programs write pixels in parts of 8192 bytes.
_CHUNKS, _CHUNK_BYTES = 1000, 1024
#: Parts before the pixels of a JPEG, stray bytes included; a colour profile takes 255 at most.
_SEGMENTS = 5000
#: Passes over the pixels of a JPEG; programs write about ten.
_SCANS = 64
_SCAN = re.compile(rb'\xff\xda')


class UnsoundError(Exception):
    """Why a file is not worth decoding, in a few words."""


@dataclass(frozen=True)
class Kind:
    """An accepted kind of file.

    Attributes:
        name: Name of the format in Pillow.
        extension: Ending of file names, with its dot.
        content_type: Value of the HTTP header of this name.
        start: Pattern of its first bytes.
        check: Raises UnsoundError for the bytes of a file that should not be decoded.
    """

    name: str
    extension: str
    content_type: str
    start: re.Pattern[bytes]
    check: Callable[[bytes], None] = lambda data: None


def find_kind(data: bytes) -> Kind | None:
    """Which kind of file it begins as, None if it is none of them."""
    return next((kind for kind in _KINDS if kind.start.match(data)), None)


def _check_png(data: bytes) -> None:
    """Every chunk must be whole, up to the last one."""
    position, count, name = 8, 0, b''
    view = memoryview(data)
    while name != b'IEND':
        length, name = int.from_bytes(data[position:position + 4], 'big'), data[position + 4:position + 8]
        end = position + 8 + length
        if end + 4 > len(data):
            raise UnsoundError('its end is missing')
        if zlib.crc32(view[position + 4:end]) != int.from_bytes(data[end:end + 4], 'big'):
            raise UnsoundError('a check sum is wrong')
        position, count = end + 4, count + 1
        if count > _CHUNKS + len(data) // _CHUNK_BYTES:
            raise UnsoundError('it consists of too many parts')


def _check_jpeg(data: bytes) -> None:
    position = 2
    for _ in range(_SEGMENTS):
        marker = data[position:position + 2]
        if marker == b'\xff\xda' or len(marker) < 2:
            break
        if marker[0] != 0xff or marker[1] in (0x00, 0xff):  # padding, or what does not belong there
            position += 1
        elif marker[1] == 0x01 or 0xd0 <= marker[1] <= 0xd9:  # without content
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2:position + 4], 'big')
    else:
        raise UnsoundError('it consists of too many parts')
    if len(list(islice(_SCAN.finditer(data, position), _SCANS + 1))) > _SCANS:
        raise UnsoundError('it passes over its pixels too often')


_KINDS = (
    Kind('PNG', '.png', 'image/png', re.compile(rb'\x89PNG\r\n\x1a\n'), _check_png),
    Kind('JPEG', '.jpg', 'image/jpeg', re.compile(rb'\xff\xd8\xff'), _check_jpeg),
    Kind('BMP', '.bmp', 'image/bmp', re.compile(rb'BM')),
    Kind('TIFF', '.tif', 'image/tiff', re.compile(rb'II\*\0|MM\0\*')),
    Kind('WEBP', '.webp', 'image/webp', re.compile(rb'RIFF.{4}WEBP', re.DOTALL)))
