import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage
from scipy.ndimage import gaussian_filter
from torch import nn

from anomaly_rd.models.localization import Gradients, GreyOpening


def cubic(images: torch.Tensor) -> torch.Tensor:
    """Its gradient is 3 x**2."""
    return images.pow(3).sum((1, 2, 3))


def run(images: torch.Tensor, **options) -> np.ndarray:
    return Gradients(**options)(cubic, images, nn.Identity()).numpy()


def test_sum_of_absolute_gradients_is_smoothed_and_keeps_its_scale():
    images = torch.randn(2, 3, 24, 24)
    expected = [gaussian_filter(3 * image.double().square().sum(0).numpy(), 2.0) for image in images]
    assert run(images, sigma=2.0, opening=False) == pytest.approx(np.stack(expected), rel=1e-4)


def test_negative_gradients_count_as_positive_ones():
    images = torch.rand(1, 3, 8, 8)
    down = Gradients(sigma=0, opening=False)(lambda x: -cubic(x), images, nn.Identity())
    assert np.array_equal(down.numpy(), run(images, sigma=0, opening=False))


def test_opening_is_last():
    images = torch.zeros(1, 3, 16, 16)
    images[..., 3, 3] = 1.0  # a speck
    images[..., 8:13, 8:13] = 1.0
    opened = run(images, sigma=0)[0]
    assert opened[3, 3] == 0 and opened[10, 10] == 9
    blurred, both = run(images, sigma=1.0, opening=False)[0], run(images, sigma=1.0)[0]
    assert (both <= blurred).all() and (both < blurred).any()


def test_published_protocol():
    images = torch.randn(2, 3, 32, 32)
    expected = []
    for image in images:
        grey = 3 * image.double().square().sum(0).numpy()
        low, high = grey.min(), np.percentile(grey, 99)
        expected.append(gaussian_filter(((grey - low) / (high - low)).clip(0, 1), 4.0))
    assert run(images, compat=True, opening=False) == pytest.approx(np.stack(expected), abs=1e-5)
    assert np.isfinite(run(torch.zeros(1, 3, 8, 8), compat=True)).all()


def test_published_protocol_hides_the_scale():
    images = torch.rand(1, 3, 16, 16)
    assert run(2 * images, compat=True) == pytest.approx(run(images, compat=True), abs=1e-5)
    assert run(2 * images) == pytest.approx(4 * run(images), rel=1e-4)


def test_parameters_get_no_gradients():
    network = nn.Conv2d(3, 2, 3)
    Gradients()(lambda x: network(x).square().sum((1, 2, 3)), torch.rand(1, 3, 16, 16), network)
    assert all(p.grad is None for p in network.parameters())


ELLIPSE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def test_is_opencvs_and_scipys():
    maps = torch.rand(2, 17, 23)
    for image, opened in zip(maps.numpy(), GreyOpening()(maps).numpy(), strict=True):
        assert np.array_equal(opened, cv2.morphologyEx(image, cv2.MORPH_OPEN, ELLIPSE))
        inner = ndimage.grey_opening(image, footprint=ELLIPSE)[2:-2, 2:-2]
        assert np.array_equal(opened[2:-2, 2:-2], inner)


def test_thresholds_of_the_opening_are_openings_of_the_thresholds():
    image = torch.rand(1, 20, 20)
    opened = GreyOpening()(image)[0].numpy()
    for threshold in np.linspace(0, 1, 11):
        binary = (image[0].numpy() > threshold).astype(np.uint8)
        assert np.array_equal(opened > threshold, cv2.morphologyEx(binary, cv2.MORPH_OPEN, ELLIPSE) > 0)
