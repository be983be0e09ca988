"""A backbone of timm itself, where it is installed."""
import pytest
import torch

from anomaly_rd.models.teachers import BackboneTeacher

pytest.importorskip('timm')


@pytest.mark.parametrize(('name', 'channels'), [('resnet18', (64, 128, 256)), ('mobilenetv3_small_050', None)])
def test_levels_of_a_timm_model(name: str, channels: tuple[int, ...] | None) -> None:
    teacher = BackboneTeacher(dict(type='mmpretrain.TIMMBackbone', model_name=name, features_only=True,
                                   out_indices=(1, 2, 3), pretrained=False))
    levels = teacher.train()(torch.randn(2, 3, 64, 96))
    assert [tuple(level.shape[2:]) for level in levels] == [(16, 24), (8, 12), (4, 6)]
    assert teacher.channels == tuple(level.shape[1] for level in levels) and teacher.is_random
    assert channels in (None, teacher.channels)
    assert not any(p.requires_grad for p in teacher.parameters()) and not any(m.training for m in teacher.modules())
