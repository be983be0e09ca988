import itertools

import pytest
import torch
from torch import nn

from anomaly_rd.models.bottlenecks import AKF
from anomaly_rd.models.bottlenecks.fuse import AdaptiveFuse
from mminspect.core.errors import UserError

CHANNELS = (8, 16, 32)


def features(n: int = 2, size: int = 16) -> list[torch.Tensor]:
    return [torch.randn(n, c, size // 2**k, size // 2**k, requires_grad=True) for k, c in enumerate(CHANNELS)]


@pytest.mark.parametrize(('channels', 'millions'), [((64, 128, 256), 1.11), ((256, 512, 1024), 17.73)])
def test_parameters_and_shape(channels: tuple[int, ...], millions: float) -> None:
    with torch.device('meta'):
        fusion = AKF(channels)
        fused = fusion([torch.zeros(1, c, 64 // 2**k, 64 // 2**k) for k, c in enumerate(channels)])
    assert sum(p.numel() for p in fusion.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)
    assert fusion.out_channels == channels[2] and fused.shape == (1, channels[2], 16, 16)


@pytest.mark.parametrize(('weight', 'weight_channels', 'final', 'align'), itertools.product(
    ['predicted', 'static'], ['one', 'full'], ['two', 'three'], ['shallow_to_deep', 'deep_to_shallow']))
def test_every_reading_uses_all_levels_and_all_parameters(weight: str, weight_channels: str, final: str,
                                                          align: str) -> None:
    fusion = AKF(CHANNELS, weight=weight, weight_channels=weight_channels, final=final, align=align,
                 input_size=(64, 64), refine_blocks=1)
    inputs = features()
    fused = fusion(inputs)
    assert fused.shape == (2, 32, 4, 4)
    fused.square().sum().backward()
    assert all(x.grad.any() for x in inputs)
    assert all(p.grad is not None for p in fusion.parameters())


@pytest.mark.parametrize(('align', 'sizes'), [('shallow_to_deep', [(16, 8), (32, 4)]),
                                              ('deep_to_shallow', [(16, 8), (8, 16)])])
@pytest.mark.parametrize('final', ['two', 'three'])
def test_where_the_levels_meet(align: str, sizes: list[tuple[int, int]], final: str) -> None:
    fusion, met = AKF(CHANNELS, align=align, final=final), []
    for module in fusion.modules():
        if isinstance(module, AdaptiveFuse):
            module.register_forward_hook(lambda _, args, __: met.append([tuple(x.shape[1:3]) for x in args[0]]))
    fusion(features())
    assert met == [[sizes[0]] * 2, [sizes[1]] * (3 if final == 'three' else 2)]


def test_last_step_takes_the_fused_level_and_level_3() -> None:
    """With all weight on the last map, the fusion is the 3 x 3 convolution of level 3 alone."""
    fusion = AKF(CHANNELS).eval()
    nn.init.zeros_(fusion.fuse2.predict.weight)
    with torch.no_grad():
        fusion.fuse2.predict.bias.copy_(torch.tensor([-100.0, 100.0]))
    inputs = features()
    assert torch.allclose(fusion(inputs), fusion.fuse2.out(inputs[2]), atol=1e-6)


@pytest.mark.parametrize(('option', 'value', 'known'), [
    ('weight', 'statik', 'predicted, static'), ('weight_channels', 'all', 'one, full'), ('final', '3', 'two, three'),
    ('normalise', 'sofmax', 'softmax, sigmoid'), ('align', 'up', 'shallow_to_deep, deep_to_shallow')])
def test_mistyped_options(option: str, value: str, known: str) -> None:
    with pytest.raises(UserError, match=rf"AKF\.{option} is '{value}', known are {known}: change it"):
        AKF(CHANNELS, **{option: value})
