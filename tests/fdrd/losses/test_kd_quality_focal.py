import math

import pytest
import torch
from mmdet.registry import MODELS


def by_loop(pred: torch.Tensor, teacher: torch.Tensor, weight: torch.Tensor, beta: float) -> float:
    total = 0.0
    for row, target_row, w in zip(pred.tolist(), teacher.tolist(), weight.tolist(), strict=True):
        for logit, target in zip(row, target_row, strict=True):
            s, p = 1 / (1 + math.exp(-logit)), 1 / (1 + math.exp(-target))
            total += w * abs(s - p)**beta * -(p * math.log(s) + (1 - p) * math.log(1 - s))
    return total


@pytest.mark.parametrize(('beta', 'loss_weight'), [(1.0, 1.0), (2.0, 0.4), (0.0, 1.0)])
def test_equals_the_formula(beta: float, loss_weight: float) -> None:
    pred, teacher, weight = torch.randn(7, 3) * 3, torch.randn(7, 3) * 3, torch.rand(7)
    loss = MODELS.build(dict(type='KDQualityFocalLoss', beta=beta, loss_weight=loss_weight))
    expected = loss_weight * by_loop(pred, teacher, weight, beta) / 2.5
    assert loss(pred, teacher, weight, avg_factor=2.5).item() == pytest.approx(expected, rel=1e-5)


def test_zero_with_zero_gradient_where_both_agree() -> None:
    pred = torch.randn(5, 1, requires_grad=True)
    loss = MODELS.build(dict(type='KDQualityFocalLoss'))(pred, pred.detach(), torch.ones(5), 1.0)
    loss.backward()
    assert loss.item() == 0 and not pred.grad.any()


def test_gradient_reaches_the_prediction_alone_and_pulls_it_to_the_teacher() -> None:
    pred, teacher = torch.zeros(2, 1, requires_grad=True), torch.tensor([[2.0], [-2.0]], requires_grad=True)
    MODELS.build(dict(type='KDQualityFocalLoss'))(pred, teacher, torch.ones(2), 1.0).backward()
    assert teacher.grad is None
    assert pred.grad[0] < 0 < pred.grad[1]


def test_extreme_logits_in_half_precision_stay_finite() -> None:
    pred, teacher = torch.tensor([[60.0], [-60.0]]).bfloat16(), torch.tensor([[-60.0], [60.0]]).bfloat16()
    loss = MODELS.build(dict(type='KDQualityFocalLoss'))(pred, teacher, torch.ones(2), 1.0)
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(120, rel=1e-3)
