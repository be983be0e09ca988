"""Damage of a PNG that decoders do not tell, with files that are put together part by part."""
from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mminspect.core.errors import UserError
from mminspect.vision.image_files import probe_image
from mminspect.vision.images import read_image, read_mask
from mminspect.vision.png import check_length, check_parts, check_room
from mminspect.vision.unusual import UnsoundImageError

GREY = np.random.default_rng(0).integers(1, 256, (24, 31), dtype=np.uint8)
#: Bits and kind of colour of the header, and bytes of 24 rows of 31 pixels with that of the filter, by hand.
KINDS = {'1 bit': (1, 0, 24 * 5), '2 bits': (2, 0, 24 * 9), '4 bits': (4, 0, 24 * 17), 'grey': (8, 0, 24 * 32),
         '16 bits': (16, 0, 24 * 63), 'grey and alpha': (8, 4, 24 * 63), 'RGB': (8, 2, 24 * 94),
         'RGBA': (8, 6, 24 * 125), 'RGB of 16 bits': (16, 2, 24 * 187)}


def png_of(*parts: tuple[bytes, bytes]) -> bytes:
    return b'\x89PNG\r\n\x1a\n' + b''.join(struct.pack('>I', len(content)) + name + content + struct.pack(
        '>I', zlib.crc32(name + content)) for name, content in parts)


def header(height: int = 24, bits: int = 8, colour: int = 0, interlaced: int = 0) -> tuple[bytes, bytes]:
    return b'IHDR', struct.pack('>IIBBBBB', 31, height, bits, colour, 0, 0, interlaced)


def picture(raw: bytes, head: tuple[bytes, bytes] = header(), parts: int = 1) -> bytes:
    data = zlib.compress(raw)
    step = -(-len(data) // parts)
    return png_of(head, *((b'IDAT', data[place:place + step]) for place in range(0, len(data), step)), (b'IEND', b''))


def rows(pixels: np.ndarray) -> bytes:
    return b''.join(b'\0' + row.tobytes() for row in pixels)


@pytest.mark.parametrize('parts', [1, 7])
@pytest.mark.parametrize('kind', KINDS)
def test_as_many_bytes_as_the_header_says(kind: str, parts: int) -> None:
    bits, colour, needed = KINDS[kind]
    raw = np.random.default_rng(1).bytes(needed)
    for more in (b'', b'more'):
        check_parts(png := picture(raw + more, header(bits=bits, colour=colour), parts))
        check_length(png)
    check_parts(short := picture(raw[:-1], header(bits=bits, colour=colour), parts))  # all sums are right
    with pytest.raises(UnsoundImageError, match='pixels are missing'):
        check_length(short)


@pytest.mark.parametrize('size', [(1, 1), (2, 9), (5, 1), (31, 24), (8, 8), (33, 17)])
def test_interlaced_pictures_have_seven_passes(size: tuple[int, int]) -> None:
    """Counted pixel by pixel: which pass a pixel belongs to is a table of 8 x 8 (PNG, 8.2)."""
    table = np.array([[1, 6, 4, 6, 2, 6, 4, 6], [7] * 8, [5, 6] * 4, [7] * 8, [3, 6, 4, 6, 3, 6, 4, 6], [7] * 8,
                      [5, 6] * 4, [7] * 8])
    number = table[np.arange(size[1])[:, None] % 8, np.arange(size[0]) % 8]
    needed = sum((number == one).sum() + (number == one).any(1).sum() for one in range(1, 8))
    head = b'IHDR', struct.pack('>IIBBBBB', *size, 8, 0, 0, 0, 1)
    check_length(picture(np.random.default_rng(2).bytes(needed), head))
    with pytest.raises(UnsoundImageError, match='pixels are missing'):
        check_length(picture(np.random.default_rng(2).bytes(needed - 1), head))


def test_large_pictures_are_expanded_in_pieces() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (1000, 700), dtype=np.uint8)
    for compression in (0, 1, 9):
        data = cv2.imencode('.png', pixels, [cv2.IMWRITE_PNG_COMPRESSION, compression])[1].tobytes()
        check_parts(data)
        check_length(data)


def test_damaged_streams() -> None:
    raw, end = rows(GREY), (b'IEND', b'')
    data = bytearray(zlib.compress(raw))
    data[40] ^= 0x55
    for content in (bytes(data), zlib.compress(raw)[:-40], b'no stream'):
        png = png_of(header(), (b'IDAT', content), end)
        check_parts(png)
        with pytest.raises(UnsoundImageError, match='pixels are'):
            check_length(png)


def test_more_rows_than_compressed_bytes_can_stand_for(tmp_path: Path) -> None:
    """Told without expanding anything, so that the check of a data set tells it."""
    with pytest.raises(UnsoundImageError, match='pixels are missing'):
        check_room(picture(rows(GREY), header(height=65536)))
    for parts in (1, 9):
        check_room(picture(bytes(65536 * 32), header(height=65536), parts))
    (tmp_path / 'a.png').write_bytes(picture(rows(GREY), header(height=65536)))
    assert probe_image(tmp_path / 'a.png').problem == 'truncated'


@pytest.mark.parametrize('png', [b'', b'\x89PNG\r\n\x1a\n', png_of(header()),
                                 picture(rows(GREY))[:-1], picture(rows(GREY))[:-12]])
def test_ends_that_are_missing(png: bytes) -> None:
    with pytest.raises(UnsoundImageError, match='its end is missing'):
        check_parts(png)


def damaged() -> dict[str, bytes]:
    whole, palette = picture(rows(GREY)), (b'PLTE', bytes(range(1, 97)))
    index = rows(GREY % 32)
    interlaced = io.BytesIO()
    Image.fromarray(GREY).save(interlaced, 'PNG')
    return {
        'a row is missing': picture(rows(GREY[:-1])), 'most rows are missing': picture(rows(GREY[:3])),
        'the last row ends early': picture(rows(GREY)[:-1]),
        'a row of colours is missing': picture(rows(np.stack([GREY] * 3, 2)[:-1]), header(colour=2)),
        'a row of a palette is missing': png_of(header(colour=3), palette, (b'IDAT', zlib.compress(index[:-32])),
                                                (b'IEND', b'')),
        'the palette is missing': png_of(header(colour=3), (b'IDAT', zlib.compress(index)), (b'IEND', b'')),
        'a bit of the last sum is wrong': whole[:-1] + bytes([whole[-1] ^ 1]), 'the last byte is missing': whole[:-1]}


@pytest.mark.parametrize('case', damaged())
def test_readers_refuse_it(case: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.png'
    path.write_bytes(damaged()[case])
    for read in (read_image, read_mask):
        with pytest.raises(UserError, match=r"a\.png' cannot be decoded \(.*(missing|sum|truncated).*\): replace"):
            read(path)
    if 'row' not in case:  # for rows the pixels would have to be expanded
        assert probe_image(path).problem == 'truncated'


def test_rows_of_zeros_are_pixels(tmp_path: Path) -> None:
    """As rows that are missing look; and an interlaced picture, whose missing pixels lie anywhere."""
    pixels = GREY.copy()
    pixels[5:] = 0
    cv2.imwrite(str(tmp_path / 'a.png'), pixels)
    assert (read_image(tmp_path / 'a.png')[..., 0] == pixels).all()
    assert (read_mask(tmp_path / 'a.png') == (pixels > 0)).all()
    passes = [GREY[y::down, x::across] for x, y, across, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))]
    raw = b''.join(map(rows, passes))
    (tmp_path / 'b.png').write_bytes(picture(raw, header(interlaced=1)))
    assert (read_image(tmp_path / 'b.png')[..., 0] == GREY).all()
    (tmp_path / 'b.png').write_bytes(picture(raw[:-32], header(interlaced=1)))
    with pytest.raises(UserError, match='pixels are missing'):
        read_image(tmp_path / 'b.png')
