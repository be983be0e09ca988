"""RD++: published sizes, its terms by hand, and that its transport is no term at all."""
from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import Tensor
from torch.nn import functional as F

from anomaly_rd.models import ProjectedDistillation
from anomaly_rd.models.projected_distillation import FeatureProjection, ProjectionLoss
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError


def build(**options: Any) -> ProjectedDistillation:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='ProjectedDistillation', teacher=dict(type='ResNetTeacher', depth=18, weights=None),
        bottleneck=dict(type='FusionBottleneck', fusion=dict(type='MFF'), tail=dict(type='OCE')),
        decoder=dict(type='ReverseDecoder'), loss=dict(type='CosineDistillationLoss'),
        map_head=dict(type='CosineMapHead'), data_preprocessor=dict(type='AnomalyDataPreprocessor')) | options)


def images(count: int = 2) -> Tensor:
    return torch.randn(count, 3, 64, 64)


@pytest.mark.parametrize(('channels', 'expected'), [((256, 512, 1024), 15.49e6), ((64, 128, 256), 0.97e6)])
def test_published_sizes(channels: tuple[int, ...], expected: float) -> None:
    count = sum(parameter.numel() for parameter in FeatureProjection(channels).parameters())
    assert count == pytest.approx(expected, rel=0.005)


def test_projected_channels_are_around_zero_before_the_last_activation() -> None:
    projection = FeatureProjection((8, ))
    found, = projection([torch.rand(2, 8, 16, 16) + 5])
    before = torch.where(found > 0, found, found / 0.01)
    assert found.shape == (2, 8, 16, 16) and before.mean((2, 3)).abs().max() < 1e-4


def test_terms_by_hand() -> None:
    corrupt, clean, bad = ([torch.randn(2, 4, 5, 5) + shift, torch.randn(2, 6, 3, 3) + shift] for shift in (1, 1, 0.5))
    found = ProjectionLoss('off')(tuple(corrupt), tuple(clean), tuple(bad))
    rebuilt = sum((1 - F.cosine_similarity(a, b, 1)).mean() for a, b in zip(clean, bad, strict=True))
    contrast = sum((F.cosine_similarity(a.flatten(1), b.flatten(1), 1) - 0.5).relu().mean()
                   for a, b in zip(corrupt, clean, strict=True))
    assert found.keys() == {'reconstruction', 'contrast'} and contrast > 0
    assert torch.allclose(found['reconstruction'], 0.01 / 1.11 * rebuilt, rtol=1e-4)
    assert torch.allclose(found['contrast'], 0.1 / 1.11 * contrast, rtol=1e-4)


def test_the_published_transport_is_zero_and_that_of_pairs_is_not() -> None:
    levels = tuple(torch.randn(4, count, side, side, requires_grad=True) for count, side in ((8, 8), (16, 4)))
    published = ProjectionLoss('batch')(levels, levels, levels)['transport']
    gradients = torch.autograd.grad(published, levels)
    assert abs(published.item()) < 1e-6 and all(gradient.abs().max() < 1e-6 for gradient in gradients)
    torch.manual_seed(1)
    described = ProjectionLoss('pairs')(levels, levels, levels)['transport']
    assert described.item() > 1e-3
    assert any(gradient.abs().max() > 1e-6 for gradient in torch.autograd.grad(described, levels))


def test_losses_and_gradients() -> None:
    model, batch = build().train(), images()
    losses = model.loss(batch, inputs_corrupt=batch + 0.5 * images())
    assert losses.keys() == {'loss_distill', 'loss_reconstruction', 'loss_contrast'}
    losses['loss_distill'].backward()  # the distillation alone trains the projection too
    assert all(parameter.grad is not None for parameter in model.projection.parameters())
    assert not any(parameter.grad is not None for parameter in model.teacher.parameters())
    rebuilt = model.loss(batch, inputs_corrupt=batch)['loss_reconstruction']
    assert rebuilt.item() == pytest.approx(0, abs=1e-6)


def test_targets_are_raw_and_a_test_has_no_noise() -> None:
    model, batch = build().eval(), images()
    with torch.no_grad():
        teacher, student = model.features(batch)
        assert all(torch.equal(a, b) for a, b in zip(teacher, model.teacher(batch), strict=True))
        expected = model.decoder(model.bottleneck(model.projection(teacher)))
        assert all(torch.equal(a, b) for a, b in zip(student, expected, strict=True))
        assert torch.equal(model.score_maps(batch).score, model.score_maps(batch).score)


def test_unknown_transport() -> None:
    with pytest.raises(UserError, match='transport'):
        build(transport='sinkhorn')
