import pytest
import torch
from mmdet.models.dense_heads import ATSSHead, FCOSHead, GFLHead, PAAHead, RetinaSepBNHead, VFNetHead
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from torch import nn

from fdrd.tracing import HeadLayout, layout_of
from helpers import build_head, detector_cfg
from mminspect.core.errors import UserError


@pytest.mark.parametrize(('kind', 'expected'), [
    ('GFL', HeadLayout('gfl_cls', 'gfl_reg', distribution=True)),
    ('ATSS', HeadLayout('atss_cls', 'atss_reg', quality='atss_centerness')),
    ('RetinaNet', HeadLayout('retina_cls', 'retina_reg', scaled=False)),
])
def test_layout_names_what_the_head_has(kind: str, expected: HeadLayout) -> None:
    head = build_head(kind)
    assert layout_of(head) == expected
    for name in (expected.cls, expected.reg, *([expected.quality] if expected.quality else [])):
        assert isinstance(getattr(head, name), nn.Conv2d)
    assert hasattr(head, 'scales') == expected.scaled


def test_subclass_that_changes_nothing_is_known() -> None:
    class Renamed(ATSSHead):
        pass

    cfg = detector_cfg('ATSS')
    arguments = {k: v for k, v in cfg['bbox_head'].items() if k != 'type'}
    assert layout_of(Renamed(**arguments, train_cfg=ConfigDict(cfg['train_cfg']))).quality == 'atss_centerness'


@pytest.mark.parametrize('kind', [VFNetHead, FCOSHead, PAAHead, RetinaSepBNHead])
def test_heads_that_go_other_ways_are_refused(kind: type[nn.Module]) -> None:
    with pytest.raises(UserError, match=f'{kind.__name__}: use one of GFLHead, ATSSHead, RetinaHead'):
        layout_of(kind.__new__(kind))


def test_tood_head_is_refused() -> None:
    arguments = {k: v for k, v in detector_cfg('ATSS')['bbox_head'].items() if k not in ('type', 'norm_cfg')}
    cfg = dict(initial_epoch=0, initial_assigner=dict(type='ATSSAssigner', topk=9), alpha=1, beta=6,
               assigner=dict(type='TaskAlignedAssigner', topk=13), allowed_border=-1, pos_weight=-1)
    loss = dict(type='FocalLoss', use_sigmoid=True, activated=True)
    head = MODELS.build(ConfigDict(arguments, type='TOODHead', num_dcn=0, train_cfg=cfg, initial_loss_cls=loss,
                                   norm_cfg=dict(type='GN', num_groups=8), anchor_type='anchor_free'))
    with pytest.raises(UserError, match='TOODHead'):
        layout_of(head)


def change_activation(head: GFLHead) -> None:
    head.reg_convs[2].activate = nn.SiLU()


def change_order(head: GFLHead) -> None:
    head.cls_convs[1].order = ('norm', 'conv', 'act')


def drop_activation(head: GFLHead) -> None:
    del head.cls_convs[0].activate


@pytest.mark.parametrize('change', [change_activation, change_order, drop_activation])
def test_other_towers_are_refused(change) -> None:
    head = build_head('GFL')
    change(head)
    with pytest.raises(UserError, match='convolution, norm, ReLU'):
        layout_of(head)


def test_layout_does_not_change_the_head() -> None:
    head = build_head('GFL')
    before = {k: v.clone() for k, v in head.state_dict().items()}
    layout_of(head)
    assert all(torch.equal(v, before[k]) for k, v in head.state_dict().items())
