import colorsys

import numpy as np
import pytest
import torch
from torchvision.transforms import functional as F

from anomaly_rd.datasets.transforms.colour import jitter_colour


@pytest.fixture
def image() -> np.ndarray:
    return np.random.uniform(0, 255, (12, 9, 3)).astype(np.float32)


@pytest.mark.parametrize('name', ['brightness', 'contrast', 'saturation'])
@pytest.mark.parametrize('factor', [0.5, 0.9, 1.0, 1.3])
def test_factors_are_those_of_torchvision(image, name, factor):
    theirs = getattr(F, f'adjust_{name}')(torch.from_numpy(image / 255).permute(2, 0, 1), factor)
    ours = jitter_colour(image, **{name: factor})
    assert np.abs(ours - 255 * theirs.permute(1, 2, 0).numpy()).max() < 0.2  # its luma weights have four digits


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
