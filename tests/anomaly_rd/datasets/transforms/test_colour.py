import colorsys

import numpy as np
import pytest

from anomaly_rd.datasets.transforms.colour import jitter_colour

LUMA = np.array((0.299, 0.587, 0.114))  # of ITU-R BT.601; torchvision's has one digit more or less


@pytest.fixture
def image() -> np.ndarray:
    return np.random.uniform(0, 255, (12, 9, 3)).astype(np.float32)


def by_hand(image: np.ndarray, name: str, factor: float) -> np.ndarray:
    """The pixels, moved away from or towards black, the mean luma, or their own luma."""
    luma = image.astype(float) @ LUMA
    centre = dict(brightness=0.0, contrast=luma.mean(), saturation=luma[..., None])[name]
    return (centre + factor * (image - centre)).clip(0, 255)


@pytest.mark.parametrize('name', ['brightness', 'contrast', 'saturation'])
@pytest.mark.parametrize('factor', [0.5, 0.9, 1.0, 1.3])
def test_factors(image, name, factor):
    assert np.abs(jitter_colour(image, **{name: factor}) - by_hand(image, name, factor)).max() < 0.2


def test_order(image):
    expected = image
    for name, factor in (('brightness', 1.4), ('contrast', 0.7), ('saturation', 1.5)):
        expected = by_hand(expected, name, factor)
    assert np.abs(jitter_colour(image, 1.4, 0.7, 1.5) - expected).max() < 0.2


@pytest.mark.parametrize('shift', [-0.1, 0.07])
def test_hue_turns_the_colour_circle(image, shift):
    def turned(pixel):
        h, s, v = colorsys.rgb_to_hsv(*pixel)
        return colorsys.hsv_to_rgb((h + shift) % 1, s, v)

    expected = np.apply_along_axis(turned, 2, image / 255) * 255
    assert np.abs(jitter_colour(image, hue=shift) - expected).max() < 0.1


def test_nothing_changes_nothing_and_returns_a_copy(image):
    same = jitter_colour(image)
    assert np.allclose(same, image, atol=1e-3) and not np.shares_memory(same, image)
    assert same.dtype == np.float32 and same.flags.c_contiguous
