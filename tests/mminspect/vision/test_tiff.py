"""Numbers of TIFF files, against tifffile, against rows that are packed bit by bit, and against damage."""
from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from image_forms import packed, tiff, written
from mminspect.vision.tiff import (
    TiffHeader,
    check_depth,
    read_header,
    read_samples,
    to_grey_or_rgb,
    turned,
    turned_back,
    white_of,
)
from mminspect.vision.unusual import UnusualImageError

H, W = 37, 53


def numbers(dtype: str, *more: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if np.dtype(dtype).kind == 'f':
        return rng.normal(size=(H, W, *more)).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, (H, W, *more), dtype, endpoint=True)


def header_of(data: bytes) -> TiffHeader | None:
    return read_header(io.BytesIO(data), len(data))


def samples_of(data: bytes) -> np.ndarray:
    return read_samples(header_of(data), data)


@pytest.mark.parametrize('layout', [{}, dict(rowsperstrip=5), dict(tile=(16, 32)), dict(compression='zlib'), dict(
    compression='zlib', predictor=True, rowsperstrip=7), dict(compression='zlib', tile=(32, 16)), dict(bigtiff=True)])
@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('dtype', ['u1', 'u2', 'u4', 'u8', 'i1', 'i2', 'i4', 'i8', 'f2', 'f4', 'f8'])
def test_every_type_order_and_layout(dtype: str, order: str, layout: dict) -> None:
    if layout.get('predictor') and (dtype[0] == 'f' or dtype[1] == '8'):  # tifffile writes none
        layout = {**layout, 'predictor': False}
    pixels = numbers(dtype)
    found = samples_of(tiff(pixels, byteorder=order, **layout))
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize('layout', [{}, dict(rowsperstrip=6), dict(tile=(16, 16)), dict(
    compression='zlib', predictor=True)])
@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('planes', [False, True])
@pytest.mark.parametrize('samples', [3, 4])
def test_colours_side_by_side_and_in_planes(samples: int, planes: bool, order: str, layout: dict) -> None:
    pixels = numbers('u2', samples)
    options = dict(photometric='rgb', byteorder=order, extrasamples=['unassalpha'] * (samples - 3), **layout)
    data = tiff(np.moveaxis(pixels, 2, 0).copy(), planarconfig='separate', **options) if planes else tiff(
        pixels, planarconfig='contig', **options)
    np.testing.assert_array_equal(samples_of(data), pixels)
    np.testing.assert_array_equal(to_grey_or_rgb(header_of(data), samples_of(data)), pixels[..., :3])
    again = tifffile.imread(io.BytesIO(data))
    np.testing.assert_array_equal(np.moveaxis(again, 0, 2) if planes else again, pixels)


@pytest.mark.parametrize('bits', [1, 2, 3, 4, 5, 7, 9, 10, 11, 12, 13, 14, 15])
@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('samples', [1, 3])
def test_packed_bits(bits: int, order: str, samples: int) -> None:
    values = np.random.default_rng(bits).integers(0, 2**bits, (H, W, samples))
    data = written(packed(values, bits), bits, order, samples, 2 if samples == 3 else 1, size=(W, H))
    np.testing.assert_array_equal(samples_of(data), values if samples == 3 else values[..., 0])
    assert white_of(header_of(data)) == 2**bits - 1


def test_packed_bits_in_reverse_order_and_strips() -> None:
    values = np.random.default_rng(0).integers(0, 4096, (H, W))
    body = bytes(int(f'{byte:08b}'[::-1], 2) for byte in packed(values, 12))
    np.testing.assert_array_equal(samples_of(written(body, 12, size=(W, H), more=[(266, 2)])), values)


@pytest.mark.parametrize('dtype', ['uint16', 'int16', 'float32'])
@pytest.mark.parametrize('turn', range(1, 9))
def test_lzw_is_left_to_libtiff(dtype: str, turn: int) -> None:
    pixels = numbers(dtype)
    file = io.BytesIO()
    mode = dict(uint16='I;16', int16='I;16', float32='F')[dtype]
    fields = {274: turn, **({339: 2} if dtype == 'int16' else {})}
    Image.frombytes(mode, (W, H), pixels.tobytes()).save(file, 'TIFF', compression='tiff_lzw', tiffinfo=fields)
    found = samples_of(file.getvalue())
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)  # as they lie in the file


def test_lzw_colours() -> None:
    pixels = numbers('u2', 3)
    data = cv2.imencode('.tif', pixels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])[1].tobytes()
    assert header_of(data).one(259, 0) == 5
    np.testing.assert_array_equal(samples_of(data), pixels)


@pytest.mark.parametrize('turn', range(1, 9))
def test_orientations_are_those_of_opencv_and_come_back(turn: int) -> None:
    pixels = numbers('u1', 3)
    tag = Image.Exif()
    tag[274] = turn
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, 'PNG', exif=tag)
    expected = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(turned(pixels, turn), expected)
    np.testing.assert_array_equal(turned_back(turned(pixels, turn), turn), pixels)
    np.testing.assert_array_equal(turned_back(turned(pixels[..., 0], turn), turn), pixels[..., 0])


def test_what_is_no_tiff() -> None:
    for data in (b'', b'II', b'\x89PNG\r\n\x1a\n' + bytes(20)):
        assert header_of(data) is None


CUTS: dict[str, Callable[[], bytes]] = dict(
    plain=lambda: tiff(numbers('u2')), tiles=lambda: tiff(numbers('u2'), tile=(16, 16)),
    zlib=lambda: tiff(numbers('u2'), compression='zlib'), packed=lambda: written(packed(numbers('u2') >> 4, 12), 12,
                                                                                 size=(W, H)))


@pytest.mark.parametrize('kind', CUTS)
@pytest.mark.parametrize('keep', [0.05, 0.3, 0.7, 0.99])
def test_cut_off(kind: str, keep: float) -> None:
    data = CUTS[kind]()
    with pytest.raises((ValueError, struct.error)):
        samples_of(data[:int(keep * len(data))])


def test_pixels_that_a_small_file_cannot_hold() -> None:
    """Said before anything is allocated: 40 gigabytes here."""
    body = zlib.compress(bytes(1000))
    for size in ((200_000, 100_000), (10**9, 1), (1, 10**9)):
        with pytest.raises(ValueError, match='pixels are missing'):
            samples_of(written(body, 16, compression=8, size=size))


def test_tags_that_name_many_numbers() -> None:
    """4000 tags that all name the same megabyte of numbers would take gigabytes."""
    for tag, many in ((273, 2**20 + 1), (256, 2), (258, 65)):
        entries = struct.pack('<HHII', tag, 1, many, 100) * 3
        data = b'II*\0' + struct.pack('<IH', 8, 3) + entries + bytes(2**21)
        with pytest.raises(ValueError, match=f'its tag {tag} has {many} numbers'):
            header_of(data)
    others = b''.join(struct.pack('<HHII', 60000 + tag, 1, 2**20, 100) for tag in range(3000))
    data = b'II*\0' + struct.pack('<IH', 8, 3000) + others + bytes(2**21)
    assert header_of(data).tags == {}
    with pytest.raises(ValueError, match='its directory is damaged'):
        header_of(b'II*\0' + struct.pack('<IH', 8, 5000) + bytes(2**21))


@pytest.mark.parametrize(('data', 'words'), [
    (tiff(numbers('u2', 7), planarconfig='contig'), '7 channels'),
    (written(bytes(H * W * 3), 24, size=(W, H)), 'numbers of 24 bits'),
    (written(bytes(H * W * 2), 16, size=(W, H), compression=5, more=[(284, 2)]), None),
    (written(bytes(H * W * 2), 16, size=(W, H), compression=34712), 'compression 34712 of uint16 numbers')])
def test_unusual_forms(data: bytes, words: str | None) -> None:
    with pytest.raises(ValueError if words is None else UnusualImageError, match=words):
        samples_of(data)


def test_colours_that_are_not_read() -> None:
    data = written(bytes(H * W * 2), 16, size=(W, H), photometric=3)
    with pytest.raises(UnusualImageError, match='colours of kind 3 with 16 bits'):
        to_grey_or_rgb(header_of(data), samples_of(data))


@pytest.mark.parametrize(('said', 'held'), [(1, 8), (3, 8), (5, 8), (10, 16), (12, 16), (14, 16), (8, 16), (16, 32)])
@pytest.mark.parametrize('samples', [1, 3])
def test_a_depth_that_the_bytes_contradict(said: int, held: int, samples: int) -> None:
    """Words of 16 bits for the 12 of a sensor would be read as packed ones: stripes."""
    pixels = numbers(f'u{held // 8}', *([3] if samples == 3 else []))
    options = dict(photometric='rgb') if samples == 3 else {}
    for layout in ({}, dict(rowsperstrip=5)):
        header = header_of(tiff(pixels, **options, **layout))
        check_depth(header)
        wrong = TiffHeader(header.order, {**header.tags, 258: (said, ) * samples})
        with pytest.raises(UnusualImageError, match=f'^{said} bits by its header, {held} by the bytes of its pixels$'):
            check_depth(wrong)


@pytest.mark.parametrize('bits', [1, 2, 4, 6, 10, 12, 14])
def test_packed_bits_have_the_bytes_of_their_depth(bits: int) -> None:
    check_depth(header_of(written(packed(numbers('u2') >> 16 - bits, bits), bits, size=(W, H))))


def test_depths_of_which_bytes_say_nothing() -> None:
    """Compressed pixels, no counts of bytes, and some bytes more than are needed."""
    header = header_of(tiff(numbers('u1'), compression='zlib'))
    check_depth(TiffHeader('<', {**header.tags, 279: (2 * H * W, )}))
    plain = header_of(tiff(numbers('u1')))
    check_depth(TiffHeader('<', {**plain.tags, 279: (H * W + 3, )}))
    check_depth(TiffHeader('<', {key: value for key, value in plain.tags.items() if key != 279}))


def test_grey_with_channels_that_are_not_named() -> None:
    """RGB whose header says grey: its first channel is not the picture. One more channel is alpha."""
    def grey(count: int, extras: tuple[int, ...] = ()) -> TiffHeader:
        return TiffHeader('<', {256: (W, ), 257: (H, ), 258: (8, ) * count, 262: (1, ), 277: (count, ),
                                **({338: extras} if extras else {})})

    pixels = numbers('u1', 3)
    for header in (grey(3), grey(3, (0, ))):
        with pytest.raises(UnusualImageError, match='grey by its header, with 3 channels'):
            to_grey_or_rgb(header, pixels)
    assert (to_grey_or_rgb(grey(3, (0, 0)), pixels) == pixels[..., 0]).all()
    assert (to_grey_or_rgb(grey(2), pixels[..., :2]) == pixels[..., 0]).all()
