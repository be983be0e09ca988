from collections.abc import Callable
from math import exp

import pytest
import torch
from torch import nn

from anomaly_rd.models.layers import BatchChannelNorm, ConvNormAct, build_act, build_norm
from mminspect.core.errors import UserError


@pytest.mark.parametrize(('kernel', 'stride', 'size'), [(1, 1, 16), (3, 1, 16), (3, 2, 8), (3, 4, 4)])
def test_shape_and_parameters(kernel: int, stride: int, size: int) -> None:
    block = ConvNormAct(4, 6, kernel, stride)
    assert block(torch.randn(2, 4, 16, 16)).shape == (2, 6, size, size)
    assert sum(p.numel() for p in block.parameters()) == 4 * 6 * kernel**2 + 2 * 6  # no bias


def test_output_is_rectified_and_normalised() -> None:
    y = ConvNormAct(4, 6, 3)(torch.randn(8, 4, 16, 16) * 50 + 7)
    assert y.min() == 0
    # half of a standard normal distribution: mean 0.4, second moment 0.5
    assert y.mean().item() == pytest.approx(0.4, abs=0.05) and y.square().mean().item() == pytest.approx(0.5, abs=0.05)


def test_names_and_arguments_of_normalisations() -> None:
    assert isinstance(build_norm('BN', 5), nn.BatchNorm2d)
    layer = build_norm(dict(type='BCN', clamp_iota=True, eps=1e-3), 5)
    assert isinstance(layer, BatchChannelNorm) and layer.clamp_iota and layer.eps == 1e-3 and len(layer.weight) == 5


@pytest.mark.parametrize('norm', ['GN', dict(clamp_iota=True)])
def test_unknown_normalisation(norm: str | dict) -> None:
    with pytest.raises(UserError, match='norm is'):
        build_norm(norm, 5)


@pytest.mark.parametrize(('name', 'expected'), [('ReLU', lambda x: max(x, 0)), ('SiLU', lambda x: x / (1 + exp(-x)))])
def test_values_of_activations(name: str, expected: Callable[[float], float]) -> None:
    x = torch.tensor([-3.0, -0.5, 0.0, 2.0])
    assert build_act(name)(x.clone()).tolist() == pytest.approx([expected(v) for v in x.tolist()], rel=1e-5)


def test_unknown_activation() -> None:
    with pytest.raises(UserError, match="act is 'GELU'"):
        build_act('GELU')
