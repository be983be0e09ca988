import math

import pytest
import torch
from mmdet.models.losses import KnowledgeDistillationKLDivLoss
from mmdet.registry import MODELS


def build(**kwargs) -> torch.nn.Module:
    return MODELS.build(dict(type='DistributionKLLoss', **kwargs))


def softmax(row: list[float], temperature: float) -> list[float]:
    powers = [math.exp(v / temperature) for v in row]
    return [p / sum(powers) for p in powers]


def by_loop(pred: torch.Tensor, teacher: torch.Tensor, weight: torch.Tensor, temperature: float) -> float:
    total = 0.0
    for row, target, w in zip(pred.tolist(), teacher.tolist(), weight.tolist(), strict=True):
        r, q = softmax(row, temperature), softmax(target, temperature)
        total += w * temperature**2 * sum(b * math.log(b / a) for a, b in zip(r, q, strict=True))
    return total


@pytest.mark.parametrize('temperature', [1.0, 10.0])
@pytest.mark.parametrize(('reduction', 'divisor'), [('sum', 1), ('mean', 17)])
def test_equals_the_formula(temperature: float, reduction: str, divisor: int) -> None:
    pred, teacher, weight = torch.randn(8, 17) * 2, torch.randn(8, 17) * 2, torch.rand(8)
    loss = build(T=temperature, class_reduction=reduction, loss_weight=4.0)(pred, teacher, weight, avg_factor=4.0)
    assert loss.item() == pytest.approx(by_loop(pred, teacher, weight, temperature) / divisor, rel=1e-4)


def test_sum_is_seventeen_times_the_mean() -> None:
    pred, teacher, weight = torch.randn(8, 17), torch.randn(8, 17), torch.ones(8)
    by_sum, by_mean = (build(class_reduction=r)(pred, teacher, weight, 1.0) for r in ('sum', 'mean'))
    assert by_sum.item() == pytest.approx(17 * by_mean.item(), rel=1e-6)


def test_mean_is_mmdet_s_loss() -> None:
    pred, teacher, weight = torch.randn(12, 17), torch.randn(12, 17), torch.rand(12)
    theirs = KnowledgeDistillationKLDivLoss(loss_weight=0.25, T=10)(pred, teacher, weight=weight, avg_factor=4.0)
    ours = build(T=10, class_reduction='mean', loss_weight=0.25)(pred, teacher, weight, avg_factor=4.0)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_no_rows_give_a_zero_with_a_graph() -> None:
    pred = torch.zeros(0, 17, requires_grad=True)
    loss = build()(pred, torch.zeros(0, 17), torch.zeros(0), avg_factor=4.0)
    loss.backward()
    assert loss.item() == 0


def test_zero_where_both_agree_and_no_gradient_into_the_teacher() -> None:
    pred, teacher = torch.randn(4, 17, requires_grad=True), torch.randn(4, 17, requires_grad=True)
    assert build()(pred, pred.detach(), torch.ones(4), 1.0).item() == pytest.approx(0, abs=1e-6)
    build()(pred, teacher, torch.ones(4), 1.0).backward()
    assert teacher.grad is None and pred.grad.any()


def test_half_precision_is_computed_in_float32() -> None:
    pred, teacher = torch.randn(4, 17).bfloat16(), torch.randn(4, 17).bfloat16()
    loss = build()(pred, teacher, torch.ones(4), 1.0)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(by_loop(pred.float(), teacher.float(), torch.ones(4), 1.0), rel=1e-4)


@pytest.mark.parametrize('wrong', [dict(class_reduction='none'), dict(T=0), dict(T=-1.0)])
def test_wrong_arguments(wrong: dict) -> None:
    with pytest.raises(ValueError, match='class_reduction'):
        build(**wrong)
