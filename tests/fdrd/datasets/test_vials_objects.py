from __future__ import annotations

import numpy as np
import pytest

from fdrd.datasets.vials_objects import KINDS, Stroke, draw, make_object


@pytest.mark.parametrize('kind', KINDS)
def test_object_is_centred_and_of_its_size(kind: str) -> None:
    for seed in range(20):
        strokes = make_object(np.random.default_rng(seed), kind, 1.0, 0.5)
        points = np.concatenate([stroke.points for stroke in strokes])
        extent = points.max(0) - points.min(0)
        assert 3 < extent.max() < 36
        assert np.abs(points.max(0) + points.min(0)).max() < 0.6 * extent.max()


@pytest.mark.parametrize('kind', KINDS)
def test_size_is_proportional_to_scale(kind: str) -> None:
    one, three = (make_object(np.random.default_rng(1), kind, scale, 0.5) for scale in (1.0, 3.0))
    for a, b in zip(one, three, strict=True):
        np.testing.assert_allclose(3 * a.points, b.points, atol=1e-9)


@pytest.mark.parametrize('kind', KINDS)
def test_object_stands_out_from_the_liquid(kind: str) -> None:
    for seed in range(10):
        image = np.full((60, 60, 3), 0.5, np.float32)
        covered = draw(image, make_object(np.random.default_rng(seed), kind, 1.0, 0.5), (30, 30), 0.4)
        assert np.abs(image - 0.5).max(2)[covered > 0.5].mean() > 0.12
        assert (image[covered == 0] == 0.5).all()
        assert 0 <= covered.min() <= covered.max() <= 1 + 1e-6


def test_square_covers_its_area_around_its_centre() -> None:
    square = Stroke(np.array([[-5.0, -5], [5, -5], [5, 5], [-5, 5]]), np.zeros(3, np.float32), 1.0)
    image = np.ones((40, 50, 3), np.float32)
    covered = draw(image, [square], (24.0, 18.0), 0.5)
    rows, columns = np.mgrid[:40, :50]
    assert covered.sum() == pytest.approx(100, rel=0.06)
    assert (rows * covered).sum() / covered.sum() == pytest.approx(18, abs=0.15)
    assert (columns * covered).sum() / covered.sum() == pytest.approx(24, abs=0.15)
    np.testing.assert_allclose(image[..., 0], 1 - covered, atol=1e-5)


def test_drawing_over_the_border_is_cut_off() -> None:
    square = Stroke(np.array([[-5.0, -5], [5, -5], [5, 5], [-5, 5]]), np.zeros(3, np.float32), 1.0)
    covered = draw(np.ones((20, 20, 3), np.float32), [square], (0.0, 0.0), 0.5)
    assert covered.shape == (20, 20)
    assert covered.sum() == pytest.approx(30, rel=0.3)
