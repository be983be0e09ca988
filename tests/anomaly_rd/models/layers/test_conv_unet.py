from __future__ import annotations

import pytest
import torch

from anomaly_rd.models.layers.conv_unet import ConvUNet


@pytest.mark.parametrize(('arguments', 'count'), [
    ((3, 3, [128 * k for k in (1, 2, 4, 8, 8)]), 69_048_579),
    ((6, 2, [64 * k for k in (1, 2, 4, 8, 8, 8)], 'cat'), 28_374_146),
    ((1, 3, [128 * k for k in (1, 2, 4, 8, 8)], 'add'), 69_046_275)])
def test_published_sizes(arguments: tuple, count: int) -> None:
    """Reconstruction and segmentation of DRAEM, reconstruction of EdgRec."""
    with torch.device('meta'):
        network = ConvUNet(*arguments)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


@pytest.mark.parametrize('skip', ['none', 'cat', 'add'])
def test_skips_carry_what_the_bottleneck_loses(skip: str) -> None:
    torch.manual_seed(0)
    network = ConvUNet(3, 2, (4, 8, 8), skip).eval()
    assert network.divisor == 4
    image = torch.randn(1, 3, 16, 24)
    with torch.no_grad():
        assert network(image).shape == (1, 2, 16, 24)
        network.encoder[-1].register_forward_hook(lambda module, arguments, out: out * 0)
        moved = (network(image) - network(image.flip(3))).abs().max()
    assert (moved > 0) == (skip != 'none')
