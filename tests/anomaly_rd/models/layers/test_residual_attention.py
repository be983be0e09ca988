import pytest
import torch
from torch import nn

from anomaly_rd.models.layers import ResidualAttention
from mminspect.core.errors import UserError


def identity(module: ResidualAttention) -> ResidualAttention:
    """All residual branches contribute nothing."""
    for name, conv in module.named_modules():
        if isinstance(conv, nn.Conv2d) and 'body' in name:
            nn.init.zeros_(conv.weight)
    return module.eval()


@pytest.mark.parametrize('size', [(8, 8), (7, 5)])
def test_shape_and_sign(size):
    module = ResidualAttention(16)
    out = module(torch.randn(2, 16, *size))
    assert out.shape == (2, 16, *size) and out.min() >= 0
    out.sum().backward()
    assert all(p.grad is not None for p in module.parameters())


@pytest.mark.parametrize(('attend', 'offset'), [('residual', 1.0), ('product', 0.0)])
def test_combination(attend, offset):
    module, x = identity(ResidualAttention(8, attend)), torch.randn(2, 8, 6, 6)
    mask = module.mask(x)
    assert 0 < mask.min() and mask.max() < 1
    assert torch.allclose(module(x), ((offset + mask) * x).relu(), atol=1e-6)


def test_open_mask():
    """Without weights in the gate the mask is one half everywhere."""
    module, x = identity(ResidualAttention(8)), torch.randn(1, 8, 6, 6)
    for conv in module.gate:
        if isinstance(conv, nn.Conv2d):
            nn.init.zeros_(conv.weight)
    assert torch.allclose(module(x), 1.5 * x.relu(), atol=1e-6)


def test_mask_is_predicted_at_half_the_size():
    module, seen = ResidualAttention(8).eval(), []
    module.down.register_forward_hook(lambda *args: seen.append(args[2].shape[2:]))
    module(torch.randn(1, 8, 10, 6))
    assert seen == [(5, 3)]


def test_number_of_parameters():
    """Five residual blocks and a gate, convolutions without bias."""
    c = 128
    q = c // 4
    block = 2 * c + c * q + 2 * q + 9 * q * q + 2 * q + q * c
    gate = 2 * (2 * c + c * c)
    assert sum(p.numel() for p in ResidualAttention(c).parameters()) == 5 * block + gate


def test_unknown_combination():
    with pytest.raises(UserError, match='attend'):
        ResidualAttention(8, 'sum')
