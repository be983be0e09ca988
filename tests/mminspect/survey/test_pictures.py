"""Thumbnails, decoded again."""
from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mminspect.survey.items import Box
from mminspect.survey.pictures import SIDE, thumbnail, view
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
    assert view(str(tmp_path / 'no.png'), Reading()) is None


@pytest.mark.parametrize(('box', 'side'), [
    (Box('a', 300, 200, 20, 10), SIDE), (Box('a', 0, 0, 100, 10), 600), (Box('a', 1100, 750, 100, 50), 600),
    (Box('a', 100, 100, 170, 20), 1200), (Box('a', 0, 0, 1200, 800), 1200), (None, 1200)])
def test_a_view_holds_the_object_in_the_form_of_the_image(box: Box | None, side: int, tmp_path: Path) -> None:
    """A small object is seen at full size, a middle one in a part, a large one in the whole image."""
    pixels = np.zeros((800, 1200, 3), np.uint8)
    pixels[:, :, 0] = np.arange(1200) // 5
    pixels[:, :, 2] = np.arange(800)[:, None] // 4
    found = view(str(save(pixels, tmp_path / 'a.png')), Reading(), box)
    x0, y0, x1, y1 = found.window
    assert (x1 - x0, y1 - y0) == (side, round(side * 2 / 3)) and found.size == (1200, 800)
    assert found.whole is (side == 1200) and found.scale == SIDE / side
    if box is not None:
        assert x0 <= box.x and y0 <= box.y and box.x + box.width <= x1 and box.y + box.height <= y1
    shown = opened(found.source).astype(float)
    assert shown.shape == (SIDE * 2 // 3, SIDE, 3)
    np.testing.assert_allclose(shown[80, 120, [0, 2]], [(x0 + x1) / 10, (y0 + y1) / 8], atol=6)


def test_a_view_of_a_long_image_holds_a_box_as_high_as_it(tmp_path: Path) -> None:
    path = save(np.zeros((40, 4000, 3), np.uint8), tmp_path / 'a.png')
    x0, y0, x1, y1 = view(str(path), Reading(), Box('a', 2000, 0, 60, 40)).window
    assert (y0, y1) == (0, 40) and x0 <= 2000 and x1 >= 2060 and x1 - x0 < 1000
