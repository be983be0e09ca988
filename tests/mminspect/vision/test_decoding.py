"""What a file says of itself before its pixels are decoded, and that this is how they come."""
from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from image_forms import Form, forms, packed, tiff, write, written
from mminspect.core.errors import UserError
from mminspect.vision import decoding
from mminspect.vision.decoding import Header, decode, read_header
from mminspect.vision.images import read_image, read_mask

FORMS = {form.name: form for form in forms()}


def header_of(form: Form, folder: Path, orientation: bool = True) -> Header:
    with open(write(form, folder), 'rb') as file:
        return read_header(file, orientation)


@pytest.mark.parametrize(('name', 'bits', 'orientation', 'common'), [
    ('grey16.tif', 16, 1, False), ('packed12le.tif', 12, 1, False), ('u8le_None.tif', 8, 1, True),
    ('turned3.jpg', 8, 3, True), ('cmyk.jpg', 8, 1, False), ('grey16.jp2', 16, 1, False), ('rgb16.png', 16, 1, False),
    ('exif_behind.png', 8, 3, False), ('turned6.tif', 8, 6, False), ('f64be_None.tif', 64, 1, False)])
def test_header(tmp_path: Path, name: str, bits: int, orientation: int, common: bool) -> None:
    found = header_of(FORMS[name], tmp_path)
    assert (found.bits, found.orientation, found.common) == (bits, orientation, common)


@pytest.mark.parametrize('turn', range(1, 9))
@pytest.mark.parametrize('name', ['turned{}.jpg', 'turned{}.png', 'turned{}.webp', 'turned{}.tif', 'turned_deep{}.tif'])
def test_sides_with_and_without_orientation(tmp_path: Path, name: str, turn: int) -> None:
    form = FORMS[name.format(turn)]
    for orientation in (True, False):
        with open(write(form, tmp_path), 'rb') as file:
            pixels = decode(file, orientation).pixels
        assert header_of(form, tmp_path, orientation).size == pixels.shape[1::-1]
        assert (pixels.shape[:2] == (48, 64)) == (orientation or turn < 5)


@pytest.mark.parametrize('fill', [1, 2])
@pytest.mark.parametrize('planar', [1, 2])
@pytest.mark.parametrize('photometric', [0, 1, 2, 3])
@pytest.mark.parametrize('bits', [1, 2, 4, 6, 8])
def test_small_numbers_of_uncompressed_tiffs(tmp_path: Path, bits: int, photometric: int, planar: int,
                                             fill: int) -> None:
    """Written by hand; of those that libtiff shows OpenCV says the same."""
    samples, size = 3 if photometric == 2 else 1, (21, 13)
    values = np.random.default_rng(bits).integers(0, 2**bits, (size[1], size[0], samples))
    planes = [values[..., n:n + 1] for n in range(samples)] if planar == 2 else [values]
    body = b''.join(packed(plane, bits) for plane in planes)
    if fill == 2:
        body = bytes(int(f'{byte:08b}'[::-1], 2) for byte in body)
    data = in_planes(body, bits, photometric, samples, size, planar, fill)
    (tmp_path / 'a.tif').write_bytes(data)
    if photometric == 3:  # a palette that is not there
        with pytest.raises(UserError, match=r'a\.tif'):
            read_image(tmp_path / 'a.tif')
        return
    expected = np.rint(values * (255 / (2**bits - 1)))
    expected = np.broadcast_to(255 - expected if photometric == 0 else expected, (size[1], size[0], 3))
    with open(tmp_path / 'a.tif', 'rb') as file:
        assert read_header(file).size == size
    np.testing.assert_allclose(read_image(tmp_path / 'a.tif'), expected, atol=1 if bits == 6 else 0)
    if bits in (1, 8) and samples == 1:
        again = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(again, expected[..., 0])


def in_planes(body: bytes, bits: int, photometric: int, samples: int, size: tuple[int, int], planar: int,
              fill: int) -> bytes:
    """A TIFF by hand with a strip for each plane."""
    whole = written(body, bits, samples=samples, photometric=photometric, size=size, more=[(266, fill), (284, planar)])
    if planar == 1 or samples == 1:
        return whole
    strips, at = len(body) // samples, len(whole) - len(body)  # behind it: their places and lengths
    lists = b''.join(struct.pack('<3I', *(step * n + start for n in range(3))) for step, start in (
        (strips, at), (0, strips)))
    for tag, place in ((273, len(whole)), (279, len(whole) + 12)):
        entry = whole.index(struct.pack('<HH', tag, 4), 8)
        whole = whole[:entry] + struct.pack('<HHII', tag, 4, samples, place) + whole[entry + 12:]
    return whole + lists


def test_content_decides_on_masks(tmp_path: Path) -> None:
    """JPEG blurs the edge of a mask: it is cut at the middle, whatever the file is called."""
    mask = Image.new('L', (64, 64))
    mask.paste(255, (20, 20, 36, 36))
    for number, (kind, options) in enumerate((
            ('JPEG', {}), ('WEBP', dict(quality=60)), ('TIFF', dict(compression='jpeg')),
            ('JPEG2000', dict(irreversible=True, quality_mode='dB', quality_layers=[40])))):
        path = tmp_path / f'{number}.png'
        mask.save(path, kind, **options)
        assert abs(int(read_mask(path).sum()) - 256) <= 16, kind
    low = mask.point(lambda value: value // 255)
    for name, kind, options in (('a.jpg', 'PNG', {}), ('b.jpg', 'WEBP', dict(lossless=True)),
                                ('c.jpg', 'JPEG2000', {}), ('d.jpg', 'TIFF', {})):
        low.save(tmp_path / name, kind, **options)
        assert read_mask(tmp_path / name).sum() == 256, kind


def test_the_case_of_a_jpeg_that_is_called_png() -> None:
    assert read_mask(Path(__file__).parents[2] / 'cases' / 'masks' / 'jpeg_named.png').sum() == 256


def test_mask_in_a_tiff_where_0_is_white(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), np.uint16)
    mask[4:7, 5:9] = 3
    (tmp_path / 'a.tif').write_bytes(tiff(65535 - mask, photometric='miniswhite'))
    np.testing.assert_array_equal(read_mask(tmp_path / 'a.tif'), mask // 3)


def test_programs_of_other_kinds_are_not_run(tmp_path: Path) -> None:
    """Pillow would hand a PostScript file to Ghostscript, whatever it is called."""
    (tmp_path / 'a.png').write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n')
    with open(tmp_path / 'a.png', 'rb') as file, pytest.raises(UnidentifiedImageError):
        read_header(file)


def test_limit_of_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, 'MAXIMUM_PIXELS', 3000)
    for name in ('u8le_None.tif', 'u16be_None.tif'):
        with pytest.raises(Image.DecompressionBombError):
            header_of(FORMS[name], tmp_path)
