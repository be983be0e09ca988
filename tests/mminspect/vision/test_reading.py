"""What a pipeline says of reading, and that it is obeyed."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mminspect.core.errors import UserError
from mminspect.vision.reading import Reading

SIZES = dict(type='ResizeInspection', size=64)


@pytest.mark.parametrize(('steps', 'expected'), [
    ([], Reading()), ([SIZES], Reading()), ([dict(type='LoadImageFromFile', max_value=3)], Reading()),
    ([dict(type='LoadInspectionImage'), SIZES], Reading()),
    ([SIZES, dict(type='anomaly_rd.LoadInspectionImage', max_value=4095)], Reading(4095, True)),
    ([len, dict(type='LoadTile', orientation=False, imdecode_backend='x')], Reading(None, False))])
def test_what_a_pipeline_says(steps: list, expected: Reading) -> None:
    assert Reading.of_pipeline(steps) == expected


def test_files_and_arrays_of_12_bits(tmp_path: Path) -> None:
    pixels = np.array([[0, 4095], [819, 5000]], np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), pixels)
    expected = np.repeat(np.array([[0, 255], [51, 255]], np.float32)[..., None], 3, 2)  # beyond white is white
    for found in (Reading(4095).read(tmp_path / 'a.png'), Reading(4095).take(pixels, 'x')):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert Reading().take(pixels, 'x').max() == pytest.approx(5000 / 257)


def test_orientation(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.zeros((4, 8), np.uint8)).save(tmp_path / 'a.jpg', exif=exif)
    assert Reading().read(tmp_path / 'a.jpg').shape == (8, 4, 3)
    assert Reading(orientation=False).read(tmp_path / 'a.jpg').shape == (4, 8, 3)


def test_arrays_that_are_no_images() -> None:
    with pytest.raises(UserError, match=r'part 7 has no pixels \(its shape is \(0, 5\)\)'):
        Reading().take(np.zeros((0, 5)), 'part 7')
    with pytest.raises(UserError, match='part 7 holds float64 numbers'):
        Reading().take(np.ones((2, 5)), 'part 7')


@pytest.mark.parametrize('value', [-1, 0, 'x', float('nan'), float('inf'), True, 10**400, [255]])
def test_a_white_that_cannot_be(value: object) -> None:
    with pytest.raises(UserError, match=r'max_value of the loader of images is .*: give the value of white, a finite'):
        Reading(value)
    with pytest.raises(UserError, match='max_value of the loader of images is'):
        Reading.of_pipeline([dict(type='LoadInspectionImage', max_value=value)])


def test_an_orientation_is_true_or_false() -> None:
    with pytest.raises(UserError, match="orientation of the loader of images is 'no': give True or False"):
        Reading(orientation='no')
