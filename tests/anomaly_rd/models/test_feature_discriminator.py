"""SimpleNet: its published sizes, its loss by hand, and what its two optimisers change."""
from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import Tensor

from anomaly_rd.models import FeatureDiscriminator
from anomaly_rd.models.feature_discriminator import Adaptor, PatchDiscriminator
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError

OPTIMISERS = dict(
    constructor='PartsOptimWrapperConstructor',
    adaptor=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.01)),
    discriminator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3, weight_decay=1e-5)))


def build(**options: Any) -> FeatureDiscriminator:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    model = MODELS.build(dict(type='FeatureDiscriminator', teacher=dict(type='ResNetTeacher', depth=18, weights=None),
                              data_preprocessor=dict(type='AnomalyDataPreprocessor'), width=32) | options)
    model.init_weights()
    return model


def images(count: int = 4) -> Tensor:
    return torch.randn(count, 3, 64, 64)


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_sizes() -> None:
    assert count(Adaptor(1536)) == 2_360_832
    assert count(PatchDiscriminator(1536, 1024)) == 1_576_960


def test_the_embedding_of_wide_resnets() -> None:
    """1536 numbers: means of the rows of 3 x 3 windows, of pairs at level 2 and of fours at level 3."""
    from anomaly_rd.models.patches import PatchEmbedding
    level = torch.randn(1, 512, 4, 4)
    found = PatchEmbedding((512, 1024), 1536)([level, torch.zeros(1, 1024, 2, 2)])
    padded = torch.nn.functional.pad(level, (1, 1, 1, 1))
    rows = torch.stack([sum(padded[:, :, dy:dy + 4, dx:dx + 4] for dx in range(3)) / 3 for dy in range(3)], 2)
    pairs = rows.flatten(1, 2)  # (1, 3 * 512, 4, 4)
    assert torch.allclose(found[:, :768], (pairs[:, 0::2] + pairs[:, 1::2]) / 2, atol=2e-6)
    assert found[:, 768:].abs().max() == 0


def test_loss_by_hand() -> None:
    model, batch = build(), images()
    model.discriminator.value.weight.data.zero_()  # says 0 of everything
    assert model.loss(batch)['loss_hinge'].item() == pytest.approx(1.0)
    model = build()
    rows = model.embed(batch).permute(0, 2, 3, 1).flatten(0, 2)
    value = model.loss(batch)['loss_hinge'].item()
    noise = model._batch[2]
    assert noise.std().item() == pytest.approx(0.015, rel=0.02)
    with torch.no_grad():
        good = model.adaptor(rows)
        said = model.discriminator(torch.cat([good, good + noise]))
    expected = (0.5 - said[:len(rows)]).relu().mean() + (0.5 + said[len(rows):]).relu().mean()
    assert value == pytest.approx(expected.item(), rel=1e-4)


def test_relative_noise_follows_the_features() -> None:
    model = build(noise='relative', noise_std=0.5)
    with torch.no_grad():
        model.adaptor.linear.weight.mul_(1e-3)
        model.adaptor.linear.bias.zero_()
    seen = []
    model.discriminator.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    model.loss(images())
    good, noisy = seen[0].chunk(2)
    assert (noisy - good).std().item() == pytest.approx(0.5 * good.std().item(), rel=0.05)


def test_a_step_trains_both_parts_on_one_noise_and_not_the_teacher() -> None:
    model, batch = build().train(), images()
    wrapper = build_optim_wrapper(model, OPTIMISERS)
    calls, before = [], {name: parameter.clone() for name, parameter in model.named_parameters()}
    teacher = [parameter.clone() for parameter in model.teacher.parameters()]
    embed = model.embed
    model.embed = lambda inputs: calls.append(1) or embed(inputs)
    data = dict(inputs=[image * 50 + 120 for image in batch], data_samples=None)
    first = model.train_step(data, wrapper)
    assert len(calls) == 1 and {'adaptor.loss_hinge', 'discriminator.loss_hinge'} <= first.keys()
    assert all(not torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())
    assert all(torch.equal(a, b) for a, b in zip(teacher, model.teacher.parameters(), strict=True))
    for _ in range(60):
        last = model.train_step(data, wrapper)
    assert last['loss'] < 0.8 * first['loss']


def test_predictions_are_no_chance_and_of_single_images() -> None:
    model, batch = build().eval(), images(2)
    with torch.no_grad():
        first, second = model.score_maps(batch), model.score_maps(batch[1:])
    assert torch.equal(model.score_maps(batch).score, first.score)
    assert torch.allclose(first.anomaly_map[1:], second.anomaly_map, atol=1e-5)
    assert torch.allclose(first.score, first.levels[0].amax((1, 2)))


@pytest.mark.parametrize(('options', 'said'), [(dict(noise_std=0), 'noise_std is 0'), (dict(margin=-1), 'margin is -1'),
                                               (dict(noise='uniform'), 'noise'), (dict(width=0), 'width is 0')])
def test_values_out_of_range(options: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        build(**options)
