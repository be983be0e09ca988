import numpy as np
import pytest
import torch
from torch import nn

from anomaly_rd.models.localization import SmoothGrad


def cubic(images: torch.Tensor) -> torch.Tensor:
    return images.pow(3).sum((1, 2, 3))


def maps(images: torch.Tensor, **options) -> torch.Tensor:
    return SmoothGrad(**dict(dict(sigma=0, opening=False), **options))(cubic, images, nn.Identity())


def spread(images: torch.Tensor, **options) -> float:
    """Standard deviation of the noise in the copies that are looked at."""
    seen = []

    def score(x: torch.Tensor) -> torch.Tensor:
        seen.append((x - images).detach())
        return cubic(x)

    SmoothGrad(**options)(score, images, nn.Identity())
    assert len(seen) == options.get('samples', 50)
    return torch.stack(seen).std().item()


def test_mean_of_gradients_not_of_their_magnitudes():
    """E[3 (x + n)**2] = 3 x**2 + 3 sigma**2, sigma a tenth of the range."""
    image = torch.linspace(-1, 1, 3 * 64 * 64)[torch.randperm(3 * 64 * 64)].view(1, 3, 64, 64)
    expected = (3 * image.square() + 3 * 0.2**2).sum(1)
    error = (maps(image, noise=0.1, samples=200) - expected).abs().mean() / expected.mean()
    assert error < 0.05
    signed = SmoothGrad(samples=200, sigma=0, opening=False)(lambda x: x.square().sum((1, 2, 3)),
                                                             torch.zeros(1, 3, 16, 16), nn.Identity())
    assert signed.max() == 0  # an image without range gets no noise


@pytest.mark.parametrize(('value_range', 'compat', 'expected'), [
    (1.0, False, 0.05), (1.0, True, 0.0025), (0.5, False, 0.025), (0.5, True, 0.01)])
def test_standard_deviation_of_the_noise(value_range, compat, expected):
    images = torch.zeros(1, 3, 32, 32)
    images[..., 16:] = value_range
    assert spread(images, compat=compat, samples=20) == pytest.approx(expected, rel=0.02)


def test_reproducible_and_independent_of_the_batch_and_of_global_randomness():
    images = torch.rand(2, 3, 16, 16)
    both, state = maps(images, samples=5), torch.get_rng_state()
    torch.manual_seed(123)
    assert torch.equal(maps(images, samples=5), both)
    assert torch.allclose(torch.cat([maps(images[:1], samples=5), maps(images[1:], samples=5)]), both)
    torch.set_rng_state(state)
    maps(images, samples=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(maps(images, samples=5, seed=1), both)


def test_published_protocol_stretches_to_the_maximum():
    stretched = maps(torch.rand(2, 3, 16, 16), samples=3, compat=True).flatten(1).numpy()
    assert np.array_equal(stretched.min(1), [0, 0]) and np.array_equal(stretched.max(1), [1, 1])
