"""Is a PNG whole? Decoders compare few of its check sums, and show rows that are missing in black.

Format: ISO/IEC 15948 (PNG), clauses 5 (parts and their sums), 8 (passes) and 10 (zlib stream).
"""
from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from .unusual import UnsoundImageError

#: Parts: so many, and one for so many bytes; programs write pixels in parts of 8192 bytes.
_PARTS, _PART_BYTES = 1000, 1024
#: zlib makes at most so many bytes of one (its documentation: 1032).
_EXPANSION = 1040
#: Compressed bytes that are expanded at a time.
_BLOCK = 2**14
#: Numbers of a pixel by kind of colour.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
#: First column and row of the seven passes of an interlaced picture, and their steps.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def check_parts(png: bytes) -> None:
    """Every part must be there up to the last one, with the check sum that it says.

    The pixels are not expanded: see :func:`check_length`.

    Raises:
        UnsoundImageError: One is not, or they are too many for a decoder.
    """
    view, last = memoryview(png), b''
    for number, (name, start, end) in enumerate(_parts(png)):
        if end + 4 > len(png):
            raise UnsoundImageError('its end is missing')
        if zlib.crc32(view[start - 4:end]) != int.from_bytes(png[end:end + 4], 'big'):
            raise UnsoundImageError('a check sum is wrong')
        if number >= _PARTS + len(png) // _PART_BYTES:
            raise UnsoundImageError('it consists of too many parts')
        last = name
    if last != b'IEND':
        raise UnsoundImageError('its end is missing')


def check_room(png: bytes) -> None:
    """The compressed bytes must be enough for so large a picture, were it all of one colour; nothing is expanded.

    Args:
        png: What :func:`check_parts` accepts.

    Raises:
        UnsoundImageError: They are not.
    """
    compressed = sum(end - start for name, start, end in _parts(png) if name == b'IDAT')
    if _bytes_of_pixels(png) > _EXPANSION * compressed:
        raise UnsoundImageError('pixels are missing')


def check_length(png: bytes) -> None:
    """There must be as many pixels as the header says; for this they are expanded, but not decoded.

    Args:
        png: What :func:`check_parts` accepts.

    Raises:
        UnsoundImageError: They end early.
    """
    view, decoder, missing = memoryview(png), zlib.decompressobj(), _bytes_of_pixels(png)
    try:
        for name, start, end in _parts(png):
            for place in range(start, end, _BLOCK) if name == b'IDAT' else ():
                if missing > 0 and not decoder.eof:
                    missing -= len(decoder.decompress(view[place:min(place + _BLOCK, end)], missing))
        missing -= len(decoder.flush()) if missing > 0 else 0
    except zlib.error as error:
        raise UnsoundImageError('its pixels are damaged') from error
    if missing > 0:
        raise UnsoundImageError('pixels are missing')


def _parts(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name of each part, and where its content begins and ends; up to the last part, or where the bytes end."""
    position, name = 8, b''
    while name != b'IEND' and position + 8 <= len(png):
        length, name = int.from_bytes(png[position:position + 4], 'big'), png[position + 4:position + 8]
        yield name, position + 8, position + 8 + length
        position += 12 + length


def _bytes_of_pixels(png: bytes) -> int:
    """Before they are compressed: each row has one more, which names its filter."""
    if len(png) < 33:
        raise UnsoundImageError('its end is missing')
    width, height, bits, colour, _, _, interlaced = struct.unpack_from('>IIBBBBB', png, 16)
    bits *= _SAMPLES.get(colour, 1)
    passes = _PASSES if interlaced else ((0, 0, 1, 1), )
    sides = [(-(-(width - x) // across), -(-(height - y) // down)) for x, y, across, down in passes]
    return sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sides if min(columns, rows) > 0)
