"""JPEG 2000 files that claim what they are not (ISO/IEC 15444-1, annexes A and I)."""
from __future__ import annotations

import struct

SIZ, COD, SOT = b'\xff\x51', b'\xff\x52', b'\xff\x90'


def changed(data: bytes, marker: bytes, place: int, content: bytes) -> bytes:
    """With other bytes at a place behind the start of a marker."""
    start = data.index(marker) + place
    return data[:start] + content + data[start + len(content):]


def claiming(data: bytes, width: int, height: int, layers: int = 1, block: int = 64, tile: int = 0) -> bytes:
    """The same pixels behind the header of another picture: its size, layers, side of a block, side of a tile (0: one
    tile)."""
    data = changed(data, SIZ, 6, struct.pack('>II', width, height))
    data = changed(data, SIZ, 22, struct.pack('>II', tile or width, tile or height))
    return changed(changed(data, COD, 6, struct.pack('>H', layers)), COD, 10, bytes([block.bit_length() - 3] * 2))


def with_bits(data: bytes, depth: int) -> bytes:
    """The same numbers said to be of so many bits; from 129 on signed, of 128 less."""
    return changed(data, SIZ, 40, bytes([depth - 1]))


def as_cmyk(data: bytes) -> bytes:
    """Red, green, blue and alpha in boxes that call them CMYK."""
    alpha, head = data.index(b'cdef') - 4, data.index(b'jp2h') - 4
    alpha_length, head_length = (int.from_bytes(data[place:place + 4], 'big') for place in (alpha, head))
    data = changed(changed(data, b'colr', 7, struct.pack('>I', 12)), b'jp2h', -4,
                   struct.pack('>I', head_length - alpha_length))
    return data[:alpha] + data[alpha + alpha_length:]
