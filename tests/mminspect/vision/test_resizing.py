"""Stretching against areas that can be computed by hand."""
from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mminspect.vision.resizing import stretch


def test_colours_and_numbers_of_any_depth_are_stretched_alike() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    eight, deep = stretch(pixels, (16, 24)), stretch(pixels.astype(np.float32), (16, 24))
    assert eight.dtype == np.uint8 and deep.dtype == np.float32 and eight.shape == deep.shape == (16, 24, 3)
    assert np.abs(eight - deep).max() < 1  # eight bits are rounded after each of the two sides
    assert all(np.array_equal(eight[..., c], stretch(pixels[..., c], (16, 24))) for c in range(3))


def test_bilinear_covers_the_whole_area_of_a_pixel() -> None:
    """To half the size a new pixel is the triangle of weights 1 3 3 1 over four old ones, per side."""
    line = np.zeros((8, 8), np.float32)
    line[:, 3] = 80  # one pixel wide: without antialias it could vanish
    weights = np.array([1, 3, 3, 1]) / 8
    assert stretch(line, (4, 4))[1] == pytest.approx([0, 80 * weights[2], 80 * weights[0], 0])


def test_nearest_keeps_the_values() -> None:
    mask = (np.random.default_rng(1).random((9, 9)) > 0.5).astype(np.uint8)
    assert np.array_equal(stretch(mask, (18, 18), Image.Resampling.NEAREST), mask.repeat(2, 0).repeat(2, 1))


def test_what_fits_already_is_returned_itself() -> None:
    pixels = np.zeros((4, 5, 3), np.uint8)
    assert stretch(pixels, (4, 5)) is pixels
