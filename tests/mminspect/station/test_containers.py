from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mminspect.station.containers import find_kind
from mminspect.vision.unusual import UnsoundImageError

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50), dtype=np.uint8))


def encoded(kind: str, **options: bool) -> bytes:
    file = io.BytesIO()
    PICTURE.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize('name, extension', [('PNG', '.png'), ('JPEG', '.jpg'), ('BMP', '.bmp'), ('TIFF', '.tif'),
                                             ('WEBP', '.webp'), ('JPEG2000', '.jp2')])
def test_kinds_are_told_by_their_bytes(name: str, extension: str) -> None:
    kind = find_kind(encoded(name))
    assert (kind.name, kind.extension) == (name, extension)
    kind.check(encoded(name))


@pytest.mark.parametrize('start', [b'', b'\x89PNG\r\n\x1a', b'\x89PNG\n\x1a\n', b'\xff\xd8', b'B', b'II+\0',
                                   b'RIFF0000WAVE', b'RIFF000WEBP', b'GIF89a', b' \x89PNG\r\n\x1a\n'])
def test_no_kind(start: bytes) -> None:
    assert find_kind(start) is None


def test_every_wrong_byte_of_a_png_is_noticed() -> None:
    png, check = encoded('PNG'), find_kind(encoded('PNG')).check
    for place in range(8, len(png), 7):
        with pytest.raises(UnsoundImageError, match=r'check sum|end is missing'):
            check(png[:place] + bytes([png[place] ^ 0x55]) + png[place + 1:])
    for length in (8, 20, len(png) - 1):
        with pytest.raises(UnsoundImageError, match='end is missing'):
            check(png[:length])


def test_number_of_png_parts() -> None:
    part = struct.pack('>I', 0) + b'prIv' + struct.pack('>I', zlib.crc32(b'prIv'))
    png, check = encoded('PNG'), find_kind(encoded('PNG')).check
    check(png[:33] + part * 900 + png[33:])
    with pytest.raises(UnsoundImageError, match='too many parts'):
        check(png[:33] + part * 1100 + png[33:])
    large = struct.pack('>I', 2000) + b'prIv' + b'\0' * 2000
    large += struct.pack('>I', zlib.crc32(large[4:]))
    check(png[:33] + large * 1500 + png[33:])  # parts with content: a large file has many of them


@pytest.mark.parametrize('stray', [b'\xff\xe5\0\x02', b'\xff', b'\0'])
def test_number_of_jpeg_parts(stray: bytes) -> None:
    jpeg, check = encoded('JPEG'), find_kind(encoded('JPEG')).check
    check(jpeg[:2] + stray * 4900 + jpeg[2:])
    with pytest.raises(UnsoundImageError, match='too many parts'):
        check(jpeg[:2] + stray * 5001 + jpeg[2:])


@pytest.mark.parametrize('start', [b'\xff\xd8', b'\xff\xd8\xff\xd9', b'\xff\xd8\xff\xe0\0\x02'])
def test_stray_bytes_without_pixels_behind_them(start: bytes) -> None:
    """Pillow would look at each of them, also behind an end mark."""
    check = find_kind(encoded('JPEG')).check
    check(start + bytes(4900))
    with pytest.raises(UnsoundImageError, match='too many parts'):
        check(start + bytes(5001))


def test_number_of_jpeg_scans() -> None:
    jpeg, check = encoded('JPEG', progressive=True), find_kind(encoded('JPEG')).check
    scans = jpeg.count(b'\xff\xda')
    assert scans > 3
    last = jpeg[jpeg.rindex(b'\xff\xc4'):-2]
    check(jpeg[:-2] + last * (64 - scans) + b'\xff\xd9')
    with pytest.raises(UnsoundImageError, match='too often'):
        check(jpeg[:-2] + last * (65 - scans) + b'\xff\xd9')
    comment = b'\xff\xfe' + struct.pack('>H', 402) + b'\xff\xda' * 200
    check(jpeg[:2] + comment + jpeg[2:])  # what looks like one in a comment


@pytest.mark.parametrize('length', [2, 3, 4, 10, 100])
def test_a_jpeg_cut_off_is_left_to_the_decoder(length: int) -> None:
    find_kind(encoded('JPEG')).check(encoded('JPEG')[:length])
