"""Figures of one file, against NumPy and against what was rendered."""
from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from image_forms import GREY16, packed, written
from mminspect.core.errors import UserError
from mminspect.survey import measures
from mminspect.survey.measures import measure, shrink
from mminspect.vision.reading import Reading
from survey_helpers import save, scene


def grey_of(pixels: np.ndarray) -> np.ndarray:
    return pixels @ np.array([0.299, 0.587, 0.114])


def laplacian(grey: np.ndarray) -> np.ndarray:
    """By its definition, away from the border."""
    return grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]


def test_figures_of_a_png(tmp_path: Path) -> None:
    pixels = scene(1)
    path = save(pixels, tmp_path / 'A.PNG')
    found, small = measure(str(path), Reading())
    grey = np.asarray(Image.fromarray(pixels).convert('L'), float)
    assert (found.width, found.height, found.bits, found.colour, found.kind, found.suffix) == (
        256, 256, 8, 'colour', 'PNG', '.png')
    assert found.file_bytes == path.stat().st_size and found.orientation == 1
    assert found.digest == hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    assert found.mean == pytest.approx(grey_of(pixels).mean(), abs=0.3)
    assert found.contrast == pytest.approx(grey.std(), rel=0.01)
    assert found.sharpness == pytest.approx(laplacian(grey).var(), rel=0.05)
    assert small.shape == (128, 128) and small.dtype == np.float32
    assert np.abs(small - grey.reshape(128, 2, 128, 2).mean(axis=(1, 3))).max() < 1


@pytest.mark.parametrize('mode', ['L', 'RGB', 'CMYK'])
def test_a_jpeg_is_measured_as_the_pipeline_reads_it(mode: str, tmp_path: Path) -> None:
    path = tmp_path / 'a.jpg'
    Image.fromarray(scene(2)).convert(mode).save(path, quality=90)
    found, small = measure(str(path), Reading())
    pixels = Reading().read(path)
    assert found.mean == pytest.approx(grey_of(pixels).mean(), abs=0.7)
    assert found.sharpness == pytest.approx(laplacian(grey_of(pixels)).var(), rel=0.1)
    assert np.abs(small - shrink(grey_of(pixels))).mean() < 1


def test_what_pillow_cannot_open_is_measured_as_it_is_read(tmp_path: Path) -> None:
    path, grey = tmp_path / 'packed.tif', GREY16 >> 4
    path.write_bytes(written(packed(grey, 12), 12))
    found = measure(str(path), Reading())[0]
    assert (found.bits, found.colour, found.kind) == (12, 'grey', 'TIFF')
    assert (found.height, found.width) == grey.shape
    assert found.mean == pytest.approx(255 * grey.mean() / 4095, abs=0.01)


@pytest.mark.parametrize('orientation', [True, False])
def test_a_jpeg_is_turned_as_it_is_read(orientation: bool, tmp_path: Path) -> None:
    path, exif = tmp_path / 'a.jpg', Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene(3)[:128]).save(path, quality=95, exif=exif)
    found, small = measure(str(path), Reading(orientation=orientation))
    pixels = Reading(orientation=orientation).read(path)
    assert (found.height, found.width) == pixels.shape[:2] and found.orientation == 6
    assert np.abs(small - shrink(grey_of(pixels))).mean() < 1


def test_deep_images_have_their_range(tmp_path: Path) -> None:
    path = tmp_path / 'deep.png'
    cv2.imwrite(str(path), np.full((50, 40), 2048, np.uint16))
    assert measure(str(path), Reading(max_value=4095))[0].mean == pytest.approx(255 * 2048 / 4095, abs=0.01)
    found = measure(str(path), Reading())[0]
    assert (found.bits, found.colour, found.width, found.height) == (16, 'grey', 40, 50)


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.tif'])
def test_an_orientation_is_obeyed_and_counted(suffix: str, tmp_path: Path) -> None:
    pixels, exif, path = scene(3)[:, :100], Image.Exif(), tmp_path / f'a{suffix}'
    exif[274] = 6
    Image.fromarray(pixels).save(path, exif=exif, **({'quality': 95} if suffix == '.jpg' else {}))
    turned, small = measure(str(path), Reading())
    assert (turned.width, turned.height, turned.orientation) == (256, 100, 6)
    assert np.abs(small - shrink(grey_of(np.rot90(pixels, -1)))).mean() < 2
    raw, small = measure(str(path), Reading(orientation=False))
    assert (raw.width, raw.height, raw.orientation) == (100, 256, 6)
    assert np.abs(small - shrink(grey_of(pixels))).mean() < 2


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_large_images_are_measured_at_half_their_size_whatever_their_format(
        suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the format itself would give sharp and less sharp images."""
    path = save(scene(4), tmp_path / f'a{suffix}', **({'quality': 98} if suffix == '.jpg' else {}))
    whole = measure(str(path), Reading())[0]
    monkeypatch.setattr(measures, 'MANY_PIXELS', 128 * 128)
    half = measure(str(path), Reading())[0]
    grey = grey_of(scene(4)).reshape(128, 2, 128, 2).mean(axis=(1, 3))
    assert (half.width, half.height) == (whole.width, whole.height) == (256, 256)
    assert half.sharpness == pytest.approx(laplacian(grey).var(), rel=0.1)
    assert half.mean == pytest.approx(whole.mean, abs=0.5)


@pytest.mark.parametrize(('damage', 'said'), [
    (lambda path: path.unlink(), 'missing'), (lambda path: path.write_bytes(b''), 'no image'),
    (lambda path: path.write_bytes(b'hello'), 'no image'),
    (lambda path: path.write_bytes(path.read_bytes()[:2000]), 'decoded')])
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_a_damaged_file_is_one_sentence(suffix: str, damage: object, said: str, tmp_path: Path) -> None:
    path = save(scene(5), tmp_path / f'a{suffix}')
    damage(path)
    with pytest.raises(UserError, match=said):
        measure(str(path), Reading())
