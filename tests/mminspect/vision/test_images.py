from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import ROOT
from mminspect.core.errors import UserError
from mminspect.vision import decoding
from mminspect.vision.images import as_rgb, encode_png, image_shape, read_image, read_mask

H, W = 21, 30
GREY = np.random.default_rng(0).integers(0, 65536, (H, W), dtype=np.uint16)
COLOUR = np.random.default_rng(1).integers(0, 65536, (H, W, 3), dtype=np.uint16)  # RGB
ALPHA = np.random.default_rng(2).integers(0, 65536, (H, W, 1), dtype=np.uint16)


def save(path: Path, pixels: np.ndarray) -> Path:
    """Write (H, W), RGB or RGBA pixels of any depth with OpenCV, which is not the reader of most kinds."""
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, 3][:pixels.shape[2]]]
    assert cv2.imwrite(str(path), pixels)
    return path


def tiff_with(pixels: np.ndarray, orientation: int) -> bytes:
    """An uncompressed TIFF of 16-bit RGB (H, W, 3) with an orientation."""
    short, long, (height, width) = 3, 4, pixels.shape[:2]
    fields = [(256, long, width), (257, long, height), (258, short, None), (259, short, 1), (262, short, 2),
              (273, long, 200), (274, short, orientation), (277, short, 3), (278, long, height),
              (279, long, pixels.nbytes)]
    entries = b''.join(struct.pack('<HHII', tag, kind, 3 if value is None else 1, 190 if value is None else value)
                       for tag, kind, value in fields)
    head = b'II*\0' + struct.pack('<IH', 8, len(fields)) + entries + bytes(4)
    return head.ljust(190, b'\0') + struct.pack('<3H', 16, 16, 16) + bytes(4) + pixels.astype('<u2').tobytes()


def png_with(pixels: np.ndarray, orientation: int) -> bytes:
    """A PNG of 16-bit RGB (H, W, 3) with an orientation, in the chunk eXIf that comes behind IHDR."""
    data = cv2.imencode('.png', pixels[..., ::-1])[1].tobytes()
    exif = b'II*\0' + struct.pack('<IHHHIII', 8, 1, 274, 3, 1, orientation, 0)
    return data[:33] + struct.pack('>I', len(exif)) + b'eXIf' + exif + struct.pack('>I', zlib.crc32(b'eXIf' + exif)) \
        + data[33:]


def grey_rgb(pixels: np.ndarray) -> np.ndarray:
    return np.stack([pixels] * 3, axis=-1)


@pytest.mark.parametrize('suffix', ['.png', '.tif', '.bmp'])
def test_eight_bits(tmp_path: Path, suffix: str) -> None:
    grey, colour = (GREY >> 8).astype(np.uint8), (COLOUR >> 8).astype(np.uint8)
    for pixels, expected in ((grey, grey_rgb(grey)), (colour, colour)):
        image = read_image(save(tmp_path / f'a{suffix}', pixels))
        assert image.dtype == np.uint8 and image.flags.c_contiguous
        np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_sixteen_bits_keep_their_precision(tmp_path: Path, suffix: str) -> None:
    for pixels, expected in ((GREY, grey_rgb(GREY)), (COLOUR, COLOUR), (np.dstack([COLOUR, ALPHA]), COLOUR)):
        image = read_image(save(tmp_path / f'a{suffix}', pixels))
        assert image.dtype == np.float32
        np.testing.assert_allclose(image, expected / 257, rtol=1e-6)


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_alpha_is_dropped(tmp_path: Path, suffix: str) -> None:
    pixels = (np.dstack([COLOUR, ALPHA]) >> 8).astype(np.uint8)
    np.testing.assert_array_equal(read_image(save(tmp_path / f'a{suffix}', pixels)), pixels[..., :3])
    Image.fromarray(pixels).convert('LA').save(tmp_path / f'la{suffix}')
    grey = np.asarray(Image.fromarray(pixels).convert('LA'))[..., 0]
    np.testing.assert_array_equal(read_image(tmp_path / f'la{suffix}'), grey_rgb(grey))


def test_sixteen_bit_grey_with_alpha(tmp_path: Path) -> None:
    """Written by hand: neither library writes it."""
    pixels = np.dstack([GREY, ALPHA]).astype('>u2')
    rows = b''.join(b'\0' + row.tobytes() for row in pixels)
    chunks = [(b'IHDR', struct.pack('>IIBBBBB', W, H, 16, 4, 0, 0, 0)), (b'IDAT', zlib.compress(rows)), (b'IEND', b'')]
    (tmp_path / 'a.png').write_bytes(b'\x89PNG\r\n\x1a\n' + b''.join(
        struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
        for name, data in chunks))
    np.testing.assert_allclose(read_image(tmp_path / 'a.png'), grey_rgb(GREY) / 257, rtol=1e-6)


def test_twelve_bits_stored_in_sixteen(tmp_path: Path) -> None:
    twelve = GREY >> 4
    path = save(tmp_path / 'a.png', twelve)
    np.testing.assert_allclose(read_image(path, max_value=4095), grey_rgb(twelve) * (255 / 4095), rtol=1e-6)
    assert read_image(path).max() < 16
    assert read_image(path, max_value=2000).max() == 255  # clipped


@pytest.mark.parametrize('suffix', ['.png', '.tif'])
def test_palette_and_one_bit(tmp_path: Path, suffix: str) -> None:
    palette = Image.fromarray((COLOUR >> 8).astype(np.uint8)).quantize(7)
    palette.save(tmp_path / f'p{suffix}')
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    np.testing.assert_array_equal(read_image(tmp_path / f'p{suffix}'), colours[np.asarray(palette)])
    Image.fromarray(GREY > 30000).save(tmp_path / f'b{suffix}')
    np.testing.assert_array_equal(read_image(tmp_path / f'b{suffix}'), grey_rgb((GREY > 30000) * np.uint8(255)))


def test_first_page_of_several(tmp_path: Path) -> None:
    grey = (GREY >> 8).astype(np.uint8)
    assert cv2.imwritemulti(str(tmp_path / 'a.tif'), [grey, 255 - grey])
    np.testing.assert_array_equal(read_image(tmp_path / 'a.tif'), grey_rgb(grey))


def test_floating_point_needs_a_white(tmp_path: Path) -> None:
    values = GREY.astype(np.float32) / 65535
    path = save(tmp_path / 'a.tif', values)
    with pytest.raises(UserError, match=r"a\.tif' holds float32 numbers, whose value of white is not known"):
        read_image(path)
    np.testing.assert_allclose(read_image(path, max_value=1.0), grey_rgb(values) * 255, rtol=1e-6)
    values[3, 4] = np.nan
    with pytest.raises(UserError, match='NaN or infinite'):
        read_image(save(path, values), max_value=1.0)
    with pytest.raises(UserError, match=r'unusual kind \(compression 34676'):  # OpenCV writes LogLuv, which is lossy
        read_image(save(path, COLOUR.astype(np.float32)), max_value=1.0)


@pytest.mark.parametrize('kind', ['.jpg', '.tif', '.png'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation_of_exif_is_applied(tmp_path: Path, orientation: int, kind: str) -> None:
    upright = cv2.resize((GREY >> 8).astype(np.uint8)[:4, :4], (64, 32), interpolation=cv2.INTER_CUBIC)
    # how the pixels lie in the file, by EXIF's table of what row 0 and column 0 show
    stored = {1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1], 5: upright.T,
              6: np.rot90(upright), 7: upright[::-1, ::-1].T, 8: np.rot90(upright, -1)}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f'a{kind}'
    Image.fromarray(np.ascontiguousarray(stored)).save(path, exif=exif, **(dict(quality=98) if kind == '.jpg' else {}))
    image = read_image(path)
    assert image.shape[:2] == image_shape(path) == (32, 64)
    assert np.abs(image[..., 0].astype(int) - upright).mean() < 3
    as_stored = read_image(path, orientation=False)
    assert as_stored.shape[:2] == image_shape(path, orientation=False) == stored.shape
    assert np.abs(as_stored[..., 0].astype(int) - stored).mean() < 3


@pytest.mark.parametrize('kind', ['.tif', '.png'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_orientation_of_deep_colour(tmp_path: Path, orientation: int, kind: str) -> None:
    path = tmp_path / f'a{kind}'
    path.write_bytes((tiff_with if kind == '.tif' else png_with)(COLOUR, orientation))
    pixels = COLOUR / np.float32(257)
    turned = {1: pixels, 2: pixels[:, ::-1], 3: pixels[::-1, ::-1], 4: pixels[::-1], 5: pixels.transpose(1, 0, 2),
              6: np.rot90(pixels, -1), 7: pixels[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(pixels)}[orientation]
    np.testing.assert_allclose(read_image(path, orientation=False), pixels, rtol=1e-6)
    np.testing.assert_allclose(read_image(path), turned, rtol=1e-6)
    assert image_shape(path) == turned.shape[:2] and image_shape(path, orientation=False) == pixels.shape[:2]


def test_shape_comes_from_the_header(tmp_path: Path) -> None:
    path = save(tmp_path / 'a.png', COLOUR)
    path.write_bytes(path.read_bytes()[:60])
    assert image_shape(path) == (H, W)


@pytest.mark.parametrize('name', ['a.png', 'deep.png', 'a.jpg', 'a.tif', 'deep.tif', 'a.bmp'])
def test_truncated_file(tmp_path: Path, name: str) -> None:
    pixels = cv2.resize(COLOUR, (200, 150), interpolation=cv2.INTER_NEAREST)
    path = save(tmp_path / name, pixels if 'deep' in name else (pixels >> 8).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:int(path.stat().st_size * 0.7)])
    with pytest.raises(UserError, match=r'cannot be decoded|not an image') as error:
        read_image(path)
    assert str(path) in str(error.value)


def test_missing_and_other_files(tmp_path: Path) -> None:
    for path, words in ((tmp_path / 'none.png', 'does not exist'), (tmp_path, 'is a folder')):
        with pytest.raises(UserError, match=words):
            read_image(path)
    (tmp_path / 'text.png').write_text('hello')
    with pytest.raises(UserError, match=r"text\.png' is not an image"):
        read_mask(tmp_path / 'text.png')


def test_larger_than_pillow_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 50)
    path = save(tmp_path / 'a.png', (GREY >> 8).astype(np.uint8))
    assert read_image(path).shape == (H, W, 3)
    assert Image.MAX_IMAGE_PIXELS == 50


def mask_files(folder: Path) -> dict[str, Path]:
    """One mask, a box, in every way that masks are stored."""
    box = np.zeros((H, W), np.uint8)
    box[5:9, 10:20] = 1
    paths = {name: folder / f'{name}.png' for name in ('grey', 'one', 'low', 'rgb', 'rgba', 'deep', 'bits', 'palette')}
    for name, value in dict(grey=255, one=1, low=3).items():
        save(paths[name], box * np.uint8(value))
    save(paths['deep'], box.astype(np.uint16) * 7)
    save(paths['rgb'], np.dstack([box * 0, box * 0, box * 128]).astype(np.uint8))
    save(paths['rgba'], np.dstack([box * 255] * 3 + [box * 0 + 255]).astype(np.uint8))  # opaque black outside
    Image.fromarray(box > 0).save(paths['bits'])
    palette = Image.fromarray(1 - box)  # black has index 1
    palette.putpalette([200, 0, 0, 0, 0, 0])
    palette.save(paths['palette'])
    Image.fromarray(box * np.uint8(255)).save(folder / 'jpeg.jpg', quality=60)
    return {**paths, 'jpeg': folder / 'jpeg.jpg'}


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'L', 'LA', 'P', '1', 'I;16'])
def test_bands_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    values = np.random.default_rng(0).integers(0, 256, (37, 10, 3), dtype=np.uint8)
    image = (Image.fromarray(values[..., 0].astype(np.uint16) * 257) if mode == 'I;16' else
             Image.fromarray(values).convert(mode))
    image.save(tmp_path / 'a.png')
    whole = read_image(tmp_path / 'a.png')
    for band in (1, 50, 360):  # less than a row, five rows, all but the last
        monkeypatch.setattr(decoding, '_BAND', band)
        assert np.array_equal(read_image(tmp_path / 'a.png'), whole) and whole.std() > 10


PEAK = """
import sys
from mminspect.vision.images import read_image
from peak_memory import peak

read_image(sys.argv[1])
before = peak()
read_image(sys.argv[2])
print(1024 * (peak() - before))
"""


def test_memory_of_reading_is_that_of_the_image_and_of_a_decoded_one(tmp_path: Path) -> None:
    """3 bytes a pixel here, 4 in Pillow; copies of the whole would add 3 or 4 each."""
    for name, height in (('small.tif', 100), ('large.tif', 8000)):
        Image.new('RGB', (4000, height)).save(tmp_path / name)
    done = subprocess.run([sys.executable, '-c', PEAK, tmp_path / 'small.tif', tmp_path / 'large.tif'], check=True,
                          capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': f'{ROOT}/projects:{ROOT}/tests'})
    assert 6 < int(done.stdout) / (4000 * 8000) < 8.5


def test_masks_in_every_form(tmp_path: Path) -> None:
    expected = np.zeros((H, W), np.uint8)
    expected[5:9, 10:20] = 1
    for name, path in mask_files(tmp_path).items():
        mask = read_mask(path)
        assert mask.dtype == np.uint8
        np.testing.assert_array_equal(mask, expected, err_msg=name)


def test_arrays() -> None:
    np.testing.assert_allclose(as_rgb(COLOUR), COLOUR / 257, rtol=1e-6)
    np.testing.assert_allclose(as_rgb(GREY[..., None]), grey_rgb(GREY) / 257, rtol=1e-6)
    with pytest.raises(UserError, match=r'shape \(0, 5, 3\): .* none of them 0'):
        as_rgb(np.zeros((0, 5, 3), np.uint8))
    with pytest.raises(UserError, match=r'shape \(21, 30, 2\)'):
        as_rgb(np.zeros((21, 30, 2), np.uint8))
    with pytest.raises(UserError, match='holds int64'):
        as_rgb(np.zeros((21, 30), np.int64))


def test_png_of_grey_and_of_colour_comes_back(tmp_path: Path) -> None:
    grey, colour = (GREY >> 8).astype(np.uint8), (COLOUR >> 8).astype(np.uint8)
    (tmp_path / 'grey.png').write_bytes(encode_png(grey))
    (tmp_path / 'colour.png').write_bytes(encode_png(colour[..., ::-1]))
    np.testing.assert_array_equal(read_image(tmp_path / 'grey.png'), grey_rgb(grey))
    np.testing.assert_array_equal(read_image(tmp_path / 'colour.png'), colour)


def test_png_is_what_opencv_writes(tmp_path: Path) -> None:
    pixels = np.zeros((H, W, 3), np.uint8)
    assert encode_png(pixels) == save(tmp_path / 'a.png', pixels).read_bytes()
    assert len(encode_png(pixels, 9)) < len(encode_png(pixels, 0))
