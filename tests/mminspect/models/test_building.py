"""Detectors are built without anything from the network."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mminspect.core.errors import UserError
from mminspect.models import building
from mminspect.models.building import build_model, load_model, without_pretrained

CONFIG = Path(__file__).parents[3] / 'configs' / 'fdrd' / '_base_' / 'gfl_r18.py'


def tiny() -> Config:
    cfg = Config.fromfile(CONFIG)
    cfg.merge_from_dict(dict(model=dict(
        backbone=dict(base_channels=8), neck=dict(in_channels=[8, 16, 32, 64], out_channels=32),
        bbox_head=dict(in_channels=32, feat_channels=32))))
    return cfg


def test_of_several_initialisations_those_that_read_weights_go():
    pretrained = dict(type='Pretrained', checkpoint='https://a.example/w.pth')
    normal = dict(type='Normal', layer='Conv2d')
    assert without_pretrained(dict(init_cfg=[pretrained, normal])) == dict(init_cfg=[normal])
    assert without_pretrained(dict(init_cfg=[pretrained, pretrained])) == dict(init_cfg=None)


def test_without_pretrained_goes_everywhere_and_changes_nothing_else():
    pretrained = dict(type='Pretrained', checkpoint='torchvision://resnet18')
    cfg = dict(backbone=dict(depth=18, init_cfg=pretrained), init_cfg=pretrained,
               stages=[dict(init_cfg=pretrained), 3], neck=dict(init_cfg=dict(type='Xavier')), size=(1, 2))
    assert without_pretrained(cfg) == dict(
        backbone=dict(depth=18, init_cfg=None), init_cfg=None, stages=[dict(init_cfg=None), 3],
        neck=dict(init_cfg=dict(type='Xavier')), size=(1, 2))
    assert cfg['backbone']['init_cfg'] is pretrained


def test_meta_weights_take_no_memory():
    model = build_model(tiny(), 'meta')
    assert {p.device.type for p in model.parameters()} == {'meta'} and not model.training


def test_random_weights_are_announced_and_initialised(monkeypatch):
    said = []
    monkeypatch.setattr(building, 'print_log', lambda message, **kwargs: said.append(message))
    model = load_model(tiny(), None)
    assert len(said) == 1 and 'RANDOM' in said[0]
    # GFL starts at a score of 0.01 everywhere, which only init_weights gives.
    assert model.bbox_head.gfl_cls.bias.sigmoid().tolist() == pytest.approx([0.01])
    assert not model.training


def test_weights_of_a_checkpoint(tmp_path):
    first = load_model(tiny(), None)
    torch.save(dict(state_dict=first.state_dict()), tmp_path / 'a.pth')
    second = load_model(tiny(), str(tmp_path / 'a.pth'))
    assert all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(),
                                                 strict=True))


def test_a_distilled_student_loads_without_its_teacher(tmp_path):
    plain = load_model(tiny(), None)
    torch.save(dict(state_dict=plain.state_dict()), tmp_path / 'a.pth')
    cfg = tiny()
    cfg.model.update(type='DistilledDetector', teacher_config='/nowhere.py', teacher_ckpt='/nowhere.pth',
                     distillers=[dict(type='CrossHeadKD')])
    student = load_model(cfg, str(tmp_path / 'a.pth'))
    assert torch.equal(student.bbox_head.gfl_reg.weight, plain.bbox_head.gfl_reg.weight)
    assert load_model(cfg, None).teacher_slot.module is None


def test_mistakes(tmp_path):
    with pytest.raises(UserError, match='does not exist'):
        load_model(tiny(), str(tmp_path / 'none.pth'))
    torch.save(dict(state_dict=dict(a=torch.zeros(1))), tmp_path / 'other.pth')
    with pytest.raises(UserError, match='is not one of this config'):
        load_model(tiny(), str(tmp_path / 'other.pth'))
