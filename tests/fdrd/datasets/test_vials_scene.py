from __future__ import annotations

import numpy as np
import pytest

from fdrd.datasets import vials_scene as scene

SHAPE = (136, 320)


def bottle(seed: int = 0) -> scene.Bottle:
    return scene.make_bottle(np.random.default_rng(seed), SHAPE[1], SHAPE[0])


@pytest.mark.parametrize('seed', range(5))
def test_liquid_is_inside_the_glass_and_left_of_its_surface(seed: int) -> None:
    made = bottle(seed)
    assert made.liquid.shape == made.glass.shape == SHAPE
    assert made.glass[made.liquid > 0.5].min() > 0.99
    assert (made.x <= made.surface + 1)[made.liquid > 0].all()
    assert 0.35 < (made.liquid > 0.5).mean() < 0.75
    assert np.isfinite(made.surface).all()


def test_smooth_noise_is_centred_and_smooth() -> None:
    noise = scene.smooth_noise(np.random.default_rng(0), (200, 300), (20, 20))
    assert noise.shape == (200, 300)
    assert abs(noise.mean()) < 0.3
    assert 0.3 < noise.std() < 1.0
    assert np.abs(np.diff(noise, axis=1)).mean() < 0.1


def test_painting_keeps_the_outside_of_the_bottle() -> None:
    rng, made = np.random.default_rng(0), bottle()
    background = scene.paint_background(rng, SHAPE, made.scale).astype(np.float32)
    painted = scene.paint_bottle(rng, background, made)
    np.testing.assert_array_equal(painted[made.glass == 0], background[made.glass == 0])
    assert painted[made.liquid > 0.99].mean() > 1.5 * background.mean()


def test_bubbles_are_in_the_liquid() -> None:
    made = bottle()
    image = np.full((*SHAPE, 3), 0.5, np.float32)
    scene.paint_bubbles(np.random.default_rng(1), image, made)
    changed = np.abs(image - 0.5).max(2) > 0.05
    assert changed.any()
    assert (made.glass[changed] > 0).all()


def test_glare_is_on_the_glass_only() -> None:
    made = bottle()
    lamps = scene.glare(np.random.default_rng(0), made)
    assert lamps.min() >= -1e-6
    assert 0.1 < lamps.max() < 1.2
    assert (lamps[made.glass < 0.5] == 0).all()


def test_photograph_is_uint8_with_noise() -> None:
    photo = scene.photograph(np.random.default_rng(0), np.full((*SHAPE, 3), 0.5, np.float32))
    assert photo.dtype == np.uint8
    assert 1 < photo[60:76, 150:170].std() < 5
