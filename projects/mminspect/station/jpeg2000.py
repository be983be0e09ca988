"""Structure of JPEG 2000 files (ISO/IEC 15444-1, annexes A and I): what is known before their pixels are decoded.

A decoder takes memory for every tile, block of coefficients and layer that the header asks for, whatever the file holds
of them: two kilobytes may ask for ten gigabytes.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mminspect.vision.unusual import UnusualImageError

SIGNATURE, CODESTREAM = b'\0\0\0\x0cjP  \r\n\x87\n', b'\xff\x4f\xff\x51'
_SIZ, _COD, _COC, _SOT, _SOD, _EOC = (bytes([0xff, code]) for code in (0x51, 0x52, 0x53, 0x90, 0x93, 0xd9))
#: Boxes of a file and marker segments of a header; programs write about ten.
_BOXES, _SEGMENTS = 1000, 1000
#: Parts of tiles; there are 65535 tiles at most.
_TILE_PARTS = 2**17
#: Tiles and blocks of coefficients, of all channels and resolutions, each of which takes about 1.5 kB of memory: so
#: many, and one for so many numbers. Programs write blocks of 64 x 64 or 32 x 32.
_PARTS, _PART_NUMBERS = 2**19, 512
#: Packets, each a layer of a precinct, which take 2 bytes of memory: so many, and one for so many numbers.
_PACKETS, _PACKET_NUMBERS = 2**22, 64
_CHANNELS = 4
_MISSING, _TOO_MANY = 'its end is missing', 'it consists of too many parts'


class StructureError(Exception):
    """Why a file is not worth decoding, in a few words."""


@dataclass(frozen=True)
class _Grid:
    """What the marker SIZ says: size of the picture, tiles and channels."""

    width: int
    height: int
    tiles: int
    channels: int


def check(data: bytes) -> None:
    """Look at every marker up to the end, but at no coded pixels.

    Whether the tiles hold all of these is for the decoder to see, as far as it can be seen: a picture without its last
    packets, with lengths that fit, is a coarser one.

    Args:
        data: A file that begins with :data:`SIGNATURE` or :data:`CODESTREAM`.

    Raises:
        StructureError: It is cut off, contradicts itself, or asks for more parts than a picture has.
        UnusualImageError: It holds several pictures, or more than four channels.
    """
    start, end, size = (0, len(data), None) if data.startswith(CODESTREAM) else _codestream(data)
    if data[start:start + 4] != CODESTREAM:
        raise StructureError('its pixels are missing')
    grid = _grid(data, start + 2)
    if size not in (None, (grid.width, grid.height)):
        raise StructureError('its headers contradict each other')
    if grid.channels > _CHANNELS:
        raise UnusualImageError(f'JPEG 2000 of {grid.channels} channels')
    _check_tile_parts(data, _check_header(data, start + 2, end, grid), end, grid)


def _codestream(data: bytes) -> tuple[int, int, tuple[int, int] | None]:
    """Start and end of the coded pixels, and (width, height) as the boxes around them say it."""
    found, size = [], None
    for name, start, end in _boxes(data, len(SIGNATURE), len(data)):
        if name == b'jp2c':
            found.append((start, end))
        elif name == b'jp2h' and size is None:
            size = next(((_number(data, at + 4, 4), _number(data, at, 4))
                         for inner, at, _ in _boxes(data, start, end) if inner == b'ihdr'), None)
    if len(found) > 1:
        raise UnusualImageError('JPEG 2000 of several pictures')
    if not found:
        raise StructureError('its pixels are missing')
    return *found[0], size


def _boxes(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of what each box holds."""
    for _ in range(_BOXES):
        if position + 8 > end:
            return
        length, name, head = _number(data, position, 4), data[position + 4:position + 8], 8
        if length == 1:
            length, head = _number(data, position + 8, 8), 16
        close = end if length == 0 else position + length
        if close > end or close < position + head:
            raise StructureError(_MISSING)
        yield name, position + head, close
        position = close
    raise StructureError(_TOO_MANY)


def _grid(data: bytes, siz: int) -> _Grid:
    # the far corner, the near one, sides of a tile, its near corner; x and y each
    x1, y1, x0, y0, tile_width, tile_height, tile_x, tile_y = (_number(data, siz + 6 + 4 * n, 4) for n in range(8))
    if not (x1 > x0 >= tile_x and y1 > y0 >= tile_y and tile_width and tile_height):
        raise StructureError('the description of its pixels is wrong')
    tiles = _share(x1 - tile_x, tile_width) * _share(y1 - tile_y, tile_height)
    return _Grid(x1 - x0, y1 - y0, tiles, _number(data, siz + 38, 2))


def _check_header(data: bytes, position: int, end: int, grid: _Grid, last: bytes = _SOT) -> int:
    """Check the marker segments up to ``last``, whose position is returned."""
    layers = 1
    for _ in range(_SEGMENTS):
        marker = data[position:position + 2]
        if marker == last:
            return position
        if position + 4 > end or marker[:1] != b'\xff':
            raise StructureError(_MISSING)
        if marker == _COD:
            layers = _number(data, position + 6, 2)
            _check_style(data, position + 9, bool(_number(data, position + 4, 1) & 1), layers, grid)
        elif marker == _COC:
            _check_style(data, position + 6, bool(_number(data, position + 5, 1) & 1), layers, grid)
        position += 2 + _number(data, position + 2, 2)
    raise StructureError(_TOO_MANY)


def _check_style(data: bytes, position: int, own_precincts: bool, layers: int, grid: _Grid) -> None:
    """Count what one coding style asks for if all of the picture has it (tables A.15, A.18 to A.21)."""
    levels, block = _number(data, position, 1), [_number(data, position + place, 1) + 2 for place in (1, 2)]
    if levels > 32:
        raise StructureError('the description of its pixels is wrong')
    parts = packets = 0
    for resolution in range(levels + 1):
        sizes = _number(data, position + 5 + resolution, 1) if own_precincts else 0xff
        precinct = (sizes & 15, sizes >> 4)
        sides = [_share(side, 2**(levels - resolution)) for side in (grid.width, grid.height)]
        inner = [min(one, max(0, side - (resolution > 0))) for one, side in zip(block, precinct, strict=True)]
        tiles = min(grid.tiles, sides[0] * sides[1])
        packets += max(tiles, _pieces(sides, precinct))
        # of the two halves of each side that a resolution adds, three quarters are new
        parts += max(tiles, _pieces(sides, [one + (resolution > 0) for one in inner]) * (3 if resolution else 1))
    numbers = grid.width * grid.height * grid.channels
    if (parts * grid.channels > max(_PARTS, numbers // _PART_NUMBERS)
            or packets * layers * grid.channels > max(_PACKETS, numbers // _PACKET_NUMBERS)):
        raise StructureError(_TOO_MANY)


def _check_tile_parts(data: bytes, position: int, end: int, grid: _Grid) -> None:
    """From the first mark of a tile to that of the end; each says how long it is."""
    for _ in range(_TILE_PARTS):
        if data[position:position + 2] != _SOT:
            break
        length = _number(data, position + 6, 4)
        if not length:  # the last one, up to the mark of the end
            if data[end - 2:end] != _EOC:
                raise StructureError(_MISSING)
            return
        if position + length + 2 > end or length < 14:
            raise StructureError(_MISSING)
        _check_header(data, position + 12, position + length, grid, _SOD)
        position += length
    else:
        raise StructureError(_TOO_MANY)
    if data[position:position + 2] != _EOC:
        raise StructureError(_MISSING)


def _pieces(sides: list[int], exponents: list[int] | tuple[int, int]) -> int:
    return _share(sides[0], 2**exponents[0]) * _share(sides[1], 2**exponents[1])


def _share(whole: int, part: int) -> int:
    return -(-whole // part)


def _number(data: bytes, position: int, count: int) -> int:
    if position + count > len(data):
        raise StructureError(_MISSING)
    return int.from_bytes(data[position:position + count], 'big')
