import numpy as np
import pytest
import torch
from mmdet.registry import MODELS


def build(**kwargs) -> torch.nn.Module:
    return MODELS.build(dict(type='PKDLoss', **kwargs))


@pytest.mark.parametrize('loss_weight', [1.0, 10.0])
def test_is_one_minus_pearson_r_up_to_the_unbiased_deviation(loss_weight: float) -> None:
    student, teacher = torch.randn(2, 5, 4, 6), torch.randn(2, 5, 4, 6) * 3 + 1
    n = 2 * 4 * 6
    rows = [t.double().transpose(0, 1).flatten(1).numpy() for t in (student, teacher)]
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in zip(*rows, strict=True)]
    expected = loss_weight * (n - 1) / n * (1 - np.mean(correlations))
    assert build(loss_weight=loss_weight)(student, teacher).item() == pytest.approx(expected, rel=1e-4)


def test_scale_and_offset_of_a_channel_do_not_matter() -> None:
    student, scale = torch.randn(2, 3, 4, 5), torch.tensor([0.5, 2.0, 30.0])[:, None, None]
    assert build()(student, student * scale + 7).item() == pytest.approx(0, abs=1e-6)
    assert build(loss_weight=1.0)(student, -student).item() == pytest.approx(2 * 39 / 40, rel=1e-4)


def test_single_elements_have_no_correlation() -> None:
    student = torch.randn(1, 3, 1, 1, requires_grad=True)
    loss = build()(student, torch.randn(1, 3, 1, 1))
    loss.backward()
    assert loss.item() == 0 and not student.grad.any()


def test_constant_channel_gives_finite_gradients() -> None:
    student = torch.zeros(2, 3, 2, 2, requires_grad=True)
    build()(student, torch.randn(2, 3, 2, 2)).backward()
    assert student.grad.isfinite().all()


def test_gradient_reaches_the_student_alone() -> None:
    student, teacher = (torch.randn(2, 3, 4, 5, requires_grad=True) for _ in range(2))
    build()(student, teacher).backward()
    assert teacher.grad is None and student.grad.any()


def test_half_precision_is_computed_in_float32() -> None:
    student, teacher = torch.randn(2, 3, 4, 5).bfloat16(), torch.randn(2, 3, 4, 5).bfloat16()
    loss = build()(student, teacher)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(build()(student.float(), teacher.float()).item(), rel=1e-6)
