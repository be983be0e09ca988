from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import anomaly_rd  # noqa: F401 (registers the teacher that wraps timm's networks)
from anomaly_rd.models.teachers import BackboneTeacher
from helpers import shared
from mminspect.core.errors import UserError
from mminspect.models.checkpoint import IN_CHECKPOINT
from mminspect.models.teacher_weights import load_weights, renamed, stage_of

LITE0 = dict(type='mmpretrain.TIMMBackbone', model_name='tf_efficientnet_lite0', features_only=True,
             out_indices=(1, 2, 3))
needs_timm = pytest.mark.skipif(find_spec('timm') is None, reason='timm is not installed')


def block(expands: bool) -> nn.Module:
    """An inverted residual under timm's names."""
    layers = [('conv_pw', nn.Conv2d(4, 8, 1, bias=False)), ('bn1', nn.BatchNorm2d(8))] if expands else []
    layers += [('conv_dw', nn.Conv2d(8, 8, 3, groups=8, bias=False)), (f'bn{1 + expands}', nn.BatchNorm2d(8)),
               ('conv_pwl' if expands else 'conv_pw', nn.Conv2d(8, 4, 1, bias=False)),
               (f'bn{2 + expands}', nn.BatchNorm2d(4))]
    return nn.Sequential(OrderedDict(layers))


class Efficient(nn.Module):
    """A network of the layout of timm's EfficientNets, with or without head."""

    def __init__(self, stages: int = 2, head: bool = False) -> None:
        super().__init__()
        self.conv_stem, self.bn1 = nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8)
        self.blocks = nn.Sequential(*(nn.Sequential(block(stage > 0)) for stage in range(stages)))
        if head:
            self.conv_head, self.bn2, self.classifier = nn.Conv2d(4, 9, 1), nn.BatchNorm2d(9), nn.Linear(9, 5)
        for value in self.state_dict().values():
            value.copy_(torch.rand_like(value.float()))


class Wrapped(nn.Module):
    """As mmpretrain wraps timm's networks."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.timm_model = network


def lukemelas(network: Efficient) -> dict[str, Tensor]:
    """The weights of ``network`` under the names of the pip packages; blocks are counted through."""
    words = dict(conv_stem='_conv_stem', conv_head='_conv_head', classifier='_fc', conv_dw='_depthwise_conv',
                 conv_pwl='_project_conv')
    found = {}
    for name, value in network.state_dict().items():
        parts = name.split('.')
        if parts[0] == 'blocks':
            expands = int(parts[1]) > 0
            words['conv_pw'] = '_expand_conv' if expands else '_project_conv'
            norm = {f'bn{k}': f'_bn{k - expands}' for k in (1, 2, 3)}
            parts = ['_blocks', parts[1], words.get(parts[3]) or norm[parts[3]], parts[4]]
        else:
            parts[0] = words.get(parts[0]) or dict(bn1='_bn0', bn2='_bn1')[parts[0]]
        found['.'.join(parts)] = value
    return found


def equal(network: nn.Module, source: Efficient) -> bool:
    theirs = source.state_dict()
    return all(torch.equal(value, theirs[name.removeprefix('timm_model.')])
               for name, value in network.state_dict().items())


@pytest.mark.parametrize('style', ['timm', 'wrapped', 'lukemelas'])
def test_names_of_every_publisher(style: str, tmp_path: Path) -> None:
    """A wrapped network without head and last stage takes a whole file."""
    source, own = Efficient(stages=3, head=True), Wrapped(Efficient(stages=2))
    weights = dict(timm=source.state_dict, wrapped=Wrapped(source).state_dict, lukemelas=lambda: lukemelas(source))
    torch.save(weights[style](), tmp_path / 'weights.pth')
    load_weights(own, str(tmp_path / 'weights.pth'), any_publisher=True)
    assert equal(own, source)


@pytest.mark.parametrize('style', [Efficient.state_dict, lukemelas])
@pytest.mark.parametrize(('theirs', 'ours', 'words'), [(2, 3, 'missing'), (3, 2, 'unexpected')])
def test_another_network_is_refused(style, theirs: int, ours: int, words: str, tmp_path: Path) -> None:
    source, own = Efficient(theirs), Wrapped(Efficient(ours))
    if words == 'unexpected':  # a further block in a stage that both have
        source.blocks[1].append(source.blocks[2][0])
        source.blocks[2] = nn.Identity()
        weights = source.state_dict()
    else:
        weights = style(source)
    torch.save(weights, tmp_path / 'weights.pth')
    with pytest.raises(UserError, match=f'do not fit this teacher: .*{words}'):
        load_weights(own, str(tmp_path / 'weights.pth'), any_publisher=True)


def test_lukemelas_order_is_not_trusted_where_shapes_disagree() -> None:
    own, weights = Efficient(), lukemelas(Efficient())
    shuffled = dict(sorted(weights.items()))
    assert renamed(own.state_dict(), weights).keys() == own.state_dict().keys()
    assert renamed(own.state_dict(), shuffled) is shuffled


def test_joined_levels_of_names() -> None:
    own = {'timm_model.stages_0.blocks.0.gamma': torch.zeros(1), 'timm_model.stem_1.bias': torch.zeros(1)}
    weights = {'stages.0.blocks.0.gamma': torch.ones(1), 'stem.1.bias': torch.ones(1), 'head.fc.bias': torch.ones(1)}
    assert set(renamed(own, weights)) == {*own, 'head.fc.bias'}
    assert stage_of('timm_model.stages_0.blocks.0.gamma') == stage_of('stages.0.blocks.7.gamma') == 'stages.0'


@pytest.mark.parametrize(('name', 'stage'), [
    ('layer1.0.conv1.weight', 'layer1'), ('conv_head.weight', 'conv.head'), ('blocks.5.0.bn1.bias', 'blocks.5'),
    ('timm_model.model.blocks.11.norm1.bias', 'blocks.11'), ('cls_token', 'cls.token')])
def test_stages(name: str, stage: str) -> None:
    assert stage_of(name) == stage


def test_weights_that_come_with_the_checkpoint_are_not_read() -> None:
    own = Efficient()
    before = {name: value.clone() for name, value in own.state_dict().items()}
    load_weights(own, IN_CHECKPOINT)
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())


@needs_timm
def test_real_weights_of_timm() -> None:
    path = shared('weights/tf_efficientnet_lite0_imagenet_fp16.pth')
    teacher = BackboneTeacher(LITE0, weights=str(path))
    weights = torch.load(path, weights_only=True)
    for name, value in teacher.backbone.timm_model.state_dict().items():
        assert torch.equal(value, weights[name].to(value.dtype)), name
    assert not teacher.is_random and teacher.channels == (24, 40, 112) and teacher.strides == (4, 8, 16)
