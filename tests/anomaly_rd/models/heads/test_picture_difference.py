from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter

from anomaly_rd.models.heads.picture_difference import GradientSimilarity, PictureDifference, chroma, mean_filter
from mminspect.core.errors import UserError


def test_colours_are_those_of_opencv() -> None:
    image = np.random.default_rng(0).random((16, 20, 3)).astype(np.float32)
    expected = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[..., 1:]
    found = chroma(torch.tensor(image).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    assert np.allclose(found, expected, atol=0.3)


def test_means_mirror_the_border() -> None:
    image = torch.rand(1, 1, 20, 24)
    assert np.allclose(mean_filter(image, 5)[0, 0], uniform_filter(image[0, 0].numpy(), 5, mode='mirror'), atol=1e-6)


def test_similarity_by_hand() -> None:
    """Ramps of slope s have the gradient 2 s (Prewitt / 3 spans two pixels), at half the size twice that."""
    x = torch.arange(16.0).expand(1, 1, 16, 16)
    found = GradientSimilarity(scales=1)(0.01 * x, 0.03 * x)[0, 8, 8].item()
    assert found == pytest.approx((2 * 0.02 * 0.06 + 0.0026) / (0.02**2 + 0.06**2 + 0.0026), rel=1e-3)
    same = GradientSimilarity()(torch.rand(1, 3, 16, 16).expand(2, -1, -1, -1), torch.rand(2, 3, 16, 16))
    assert same.shape == (2, 16, 16) and 0 < same.min() and same.max() <= 1


def test_what_each_map_sees() -> None:
    image = torch.rand(1, 3, 48, 48) * 0.2 + 0.4
    colour, gradient = PictureDifference()(image, image)
    assert colour.abs().max() == 0 and gradient.abs().max() < 1e-5
    tinted = image + torch.tensor([0.1, -0.05, 0.0])[None, :, None, None]
    colour, gradient = PictureDifference()(image, tinted)
    assert colour.min() > 1e-3 and gradient.abs().max() < 1e-3  # a constant has no gradient
    assert PictureDifference()(torch.zeros(1, 3, 48, 48), torch.ones(1, 3, 48, 48))[0].max() < 1e-3  # greys


@pytest.mark.parametrize('options', [dict(colour_side=4), dict(gradient_side=0)])
def test_values_out_of_range(options: dict) -> None:
    with pytest.raises(UserError, match='side'):
        PictureDifference(**options)
