"""What a file says of itself before its pixels are decoded, and that this is how they come."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from image_forms import Form, forms, tiff, write
from mminspect.vision import decoding
from mminspect.vision.decoding import Header, decode, read_header
from mminspect.vision.images import read_mask

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
