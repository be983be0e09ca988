"""STFPM against its own formulas: squared distances of normalised features, multiplied at 64x64."""
from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.nn import functional as F

from anomaly_rd.models import ForwardDistillation
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample


def build(**options: Any) -> ForwardDistillation:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    model = MODELS.build(dict(
        type='ForwardDistillation', teacher=dict(type='ResNetTeacher', depth=18, weights=None),
        student=dict(type='ResNetStudent'), loss=dict(type='CosineDistillationLoss', mode='local', weight=2.0),
        map_head=dict(type='CosineMapHead', fusion='prod', fuse_size=16, align_corners=False, sigma=0),
        data_preprocessor=dict(type='AnomalyDataPreprocessor')) | options)
    model.init_weights()
    return model


def images(count: int = 2) -> Tensor:
    return torch.randn(count, 3, 64, 64)


def squared(teacher: Tensor, student: Tensor) -> Tensor:
    return (F.normalize(teacher) - F.normalize(student)).square().sum(1)


def test_loss_is_the_papers() -> None:
    model, batch = build(), images()
    expected = sum(squared(t, s).mean() for t, s in zip(*model.features(batch), strict=True))
    assert torch.allclose(model.loss(batch)['loss_distill'], expected, rtol=1e-5)


def test_maps_are_the_papers_up_to_a_factor() -> None:
    """1 - cosine is half of the squared distance: three levels multiplied are an eighth."""
    model, batch = build().eval(), images()
    with torch.no_grad():
        levels = [squared(t, s)[:, None] for t, s in zip(*model.features(batch), strict=True)]
        product = torch.stack([F.interpolate(one, (16, 16), mode='bilinear', align_corners=False)
                               for one in levels]).prod(0)
        expected = F.interpolate(product, (64, 64), mode='bilinear', align_corners=False)[:, 0] / 8
        maps = model.score_maps(batch)
    assert torch.allclose(maps.anomaly_map, expected, rtol=1e-4, atol=1e-7)
    assert torch.allclose(maps.score, expected.amax((1, 2)), rtol=1e-4)


def test_a_student_that_is_the_teacher_sees_nothing() -> None:
    model = build().eval()
    model.student.load_state_dict(model.teacher.state_dict())
    with torch.no_grad():
        assert model.score_maps(images()).anomaly_map.abs().max() < 1e-12


def test_only_the_student_learns() -> None:
    model, batch = build().train(), images(4)
    before = [parameter.clone() for parameter in model.teacher.parameters()]
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(15):
        optimiser.zero_grad()
        loss = model.loss(batch)['loss_distill']
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    assert all(torch.equal(a, b) for a, b in zip(before, model.teacher.parameters(), strict=True))
    assert {name.split('.')[0] for name, _ in model.named_parameters()} == {'student'}


def test_kept_features_give_the_same_loss() -> None:
    plain, caching, batch = build().train(), build(cache_features=True, cache_dtype='float32').train(), images()
    samples = [AnomalyDataSample(metainfo=dict(sample_idx=i, img_path=f'{i}.png')) for i in range(2)]
    expected = plain.loss(batch, samples)['loss_distill']
    assert all(torch.equal(caching.loss(batch, samples)['loss_distill'], expected) for _ in range(2))


def test_networks_of_two_kinds() -> None:
    with pytest.raises(UserError, match=r'\(256, 512, 1024\) channels and those of the teacher \(64, 128, 256\)'):
        build(student=dict(type='ResNetStudent', arch='resnet50'))
