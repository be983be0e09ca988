"""Thumbnails, decoded again."""
from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mminspect.survey.items import Box
from mminspect.survey.pictures import SIDE, thumbnail
from mminspect.vision.reading import Reading
from survey_helpers import save


def opened(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(',')[2]))))


def test_a_whole_image(tmp_path: Path) -> None:
    path = save(np.full((300, 600, 3), (10, 200, 60), np.uint8), tmp_path / 'a.png')
    shown = opened(thumbnail(str(path), Reading()))
    assert shown.shape == (SIDE // 2, SIDE, 3) and np.abs(shown.mean(axis=(0, 1)) - (10, 200, 60)).max() < 3


@pytest.mark.parametrize('box', [Box('a', 500, 250, 6, 4), Box('a', 0, 0, 6, 4), Box('a', 594, 296, 6, 4),
                                 Box('a', 0, 0, 600, 300), Box('a', 100, 100, 150, 20)])
def test_an_object_is_seen_whole_inside_its_mark(box: Box, tmp_path: Path) -> None:
    pixels = np.full((300, 600, 3), 128, np.uint8)
    x, y, w, h = (int(value) for value in (box.x, box.y, box.width, box.height))
    pixels[y:y + h, x:x + w] = (0, 0, 255)
    shown = opened(thumbnail(str(save(pixels, tmp_path / 'a.png')), Reading(), box)).astype(int)
    blue = (shown[..., 2] > 190) & (shown[..., 0] < 70)
    assert max(shown.shape) == SIDE and blue.sum() > 0.002 * shown[..., 0].size


def test_what_cannot_be_read_is_no_picture(tmp_path: Path) -> None:
    assert thumbnail(str(tmp_path / 'no.png'), Reading()) == ''
