from __future__ import annotations

import cv2
import numpy as np
import pytest

from anomaly_rd.datasets.textures import KINDS, render_texture


def test_same_seed_same_picture() -> None:
    a, b, c = (render_texture((0, 1, index), 64, 'hole') for index in (3, 3, 4))
    np.testing.assert_array_equal(a.image, b.image)
    np.testing.assert_array_equal(a.mask, b.mask)
    assert (a.image != c.image).mean() > 0.5


def test_good_cloth_is_periodic() -> None:
    """The weave repeats after two threads, 16 pixels, whatever the lighting; not after 12."""
    texture = render_texture((0, 0, 0))
    assert texture.image.shape == (128, 128, 3) and texture.image.dtype == np.uint8
    assert not texture.mask.any()
    grey = texture.image.mean(axis=2)

    def likeness(shift: int) -> float:
        return np.corrcoef(grey[:, shift:].ravel(), grey[:, :-shift].ravel())[0, 1]

    assert likeness(16) > 0.9 > 0.5 > likeness(12)


def test_lighting_differs() -> None:
    means = [render_texture((0, 0, index), 64).image.mean() for index in range(12)]
    assert np.ptp(means) > 8


@pytest.mark.parametrize('kind', KINDS)
def test_mask_is_where_the_picture_changed(kind: str) -> None:
    """Without a defect the same seed draws the same cloth, so that the difference is the defect alone."""
    for index in range(12):
        good, bad = (render_texture((5, index), 128, defect) for defect in (None, kind))
        assert 8 <= bad.mask.sum() < 0.1 * bad.mask.size and set(np.unique(bad.mask)) == {0, 1}
        change = np.abs(bad.image.astype(float) - good.image).max(axis=2)
        near = cv2.dilate(bad.mask, np.ones((9, 9), np.uint8))
        assert change[near == 0].max() < 20  # seven standard deviations of the difference of two noises
        assert np.median(change[bad.mask == 1]) > 30


def test_colours_of_stains_and_threads_vary() -> None:
    inside = [texture.image[texture.mask == 1].mean() for texture in
              (render_texture((0, index), 128, 'thread') for index in range(12))]
    assert min(inside) < 70 and max(inside) > 180
