import pytest
import torch
from torch import nn

from anomaly_rd.models.students import Cloner
from mminspect.core.errors import UserError


@pytest.mark.parametrize('size', ['small', 'equal'])
def test_critical_layers_have_the_shapes_of_vgg16s(size):
    cloner = Cloner(size).eval()
    shapes = [tuple(level.shape) for level in cloner(torch.rand(1, 3, 64, 64))]
    assert shapes == [(1, 128, 16, 16), (1, 256, 8, 8), (1, 512, 4, 4), (1, 512, 2, 2)]
    assert cloner.channels == (128, 256, 512, 512)


@pytest.mark.parametrize(('size', 'widths'), [
    ('small', [16, 16, 16, 128, 16, 16, 256, 16, 16, 512, 16, 16, 512]),
    ('equal', [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512])])
def test_widths_no_bias_and_no_norm_before_poolings(size, widths):
    modules = [m for m in Cloner(size).modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.MaxPool2d))]
    kinds = ''.join({nn.Conv2d: 'c', nn.BatchNorm2d: 'b', nn.ReLU: 'r', nn.MaxPool2d: 'p'}[type(m)] for m in modules)
    assert kinds == 'cbrcrp' * 2 + 'cbrcbrcrp' * 3
    convolutions = [m for m in modules if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == widths
    assert all(c.bias is None for c in convolutions)
    assert not any(m.inplace for m in modules if isinstance(m, nn.ReLU))


def test_xavier_uniform():
    cloner = Cloner()
    cloner.init_weights()
    weight = cloner.layers['conv5_3'][0].weight.detach()
    bound = (6 / (9 * (16 + 512)))**0.5
    assert 0.98 * bound < weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_names_and_channels_for_insertions():
    cloner, x = Cloner(), torch.rand(1, 3, 64, 64)
    for name, channels in cloner.channels_at.items():
        seen = []
        probe = nn.Identity()
        probe.register_forward_hook(lambda _, args, __, seen=seen: seen.append(args[0].shape[1]))
        cloner(x, {name: probe})
        assert seen == [channels], name
    assert len(cloner.channels_at) == 18


def test_unknown_size():
    with pytest.raises(UserError, match='small, equal'):
        Cloner('medium')
