"""Features that are kept are those that are computed; test_reverse_distillation trains on them."""
from __future__ import annotations

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import Tensor

from anomaly_rd.models.feature_distillation import FeatureDistillation, Levels
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample


class Copy(FeatureDistillation):
    """A student that gives back what it is given."""

    def imitate(self, inputs: Tensor, teacher_feats: Levels) -> Levels:
        return teacher_feats


def build(**options: object) -> Copy:
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    return Copy(dict(type='ResNetTeacher', depth=18, weights=None, features=2), dict(type='CosineDistillationLoss'),
                dict(type='CosineMapHead'), **options)


def samples() -> list[AnomalyDataSample]:
    return [AnomalyDataSample(metainfo=dict(sample_idx=i, img_path=f'{i}.png')) for i in range(2)]


def test_the_teacher_sees_a_training_image_once() -> None:
    model, images, calls = build(cache_features=True, cache_dtype='float32').train(), torch.randn(2, 3, 64, 64), []
    model.teacher.register_forward_hook(lambda *_: calls.append(1))
    first = model.training_feat(images, samples())
    again = model.training_feat(torch.zeros_like(images), samples())  # known by their paths
    assert len(calls) == 1 and all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(first, model.extract_feat(images), strict=True))


def test_in_a_test_and_without_the_option_nothing_is_kept() -> None:
    images = torch.randn(2, 3, 64, 64)
    for model in (build(cache_features=True).eval(), build().train()):
        first = model.training_feat(images, samples())
        other = model.training_feat(torch.zeros_like(images), samples())
        assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_another_teacher_empties_it() -> None:
    model, images = build(cache_features=True, cache_dtype='float32').train(), torch.randn(2, 3, 64, 64)
    first = model.training_feat(images, samples())
    weights = {name: value * 1.5 if value.is_floating_point() else value for name, value in model.state_dict().items()}
    model.load_state_dict(weights)
    again = model.training_feat(images, samples())
    assert not torch.equal(first[0], again[0])


def test_unknown_precision() -> None:
    with pytest.raises(UserError, match='cache_dtype'):
        build(cache_features=True, cache_dtype='int8')
