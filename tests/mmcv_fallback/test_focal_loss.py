"""Sigmoid focal loss against torchvision's formula and automatic differentiation."""

import math

import pytest
import torch
import torch.nn.functional as F
import torchvision
from mmcv.ops import sigmoid_focal_loss
from torch import Tensor

CLASSES = 3
TARGET = torch.tensor([0, 2, 3, 1, 3])  # 3 is background


@pytest.fixture
def logits() -> Tensor:
    torch.manual_seed(0)
    return (torch.randn(5, CLASSES, dtype=torch.float64) * 3).requires_grad_()


def reference(logits: Tensor, gamma: float, alpha: float) -> Tensor:
    """Return torchvision's loss (5, 3), which works on logits and so needs no clamp."""
    one_hot = F.one_hot(TARGET, CLASSES + 1)[:, :CLASSES].to(logits)
    return torchvision.ops.sigmoid_focal_loss(logits, one_hot, alpha, gamma)


@pytest.mark.parametrize('gamma, alpha', [(2.0, 0.25), (0.5, 0.6), (0.0, 0.5)])
def test_loss_and_gradient_equal_torchvision(logits: Tensor, gamma: float, alpha: float) -> None:
    expected = reference(logits, gamma, alpha)
    loss = sigmoid_focal_loss(logits, TARGET, gamma, alpha, None, 'none')
    torch.testing.assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), logits)
    torch.testing.assert_close(gradient, expected_gradient)


def test_reductions_of_mmcv_apply(logits: Tensor) -> None:
    expected = reference(logits, 2.0, 0.25)
    total = sigmoid_focal_loss(logits, TARGET, 2.0, 0.25, None, 'sum')
    mean = sigmoid_focal_loss(logits, TARGET, 2.0, 0.25, None, 'mean')
    torch.testing.assert_close(total, expected.sum())
    torch.testing.assert_close(mean, expected.sum() / 5)  # per row, not per entry
    (gradient,) = torch.autograd.grad(mean, logits)
    (expected_gradient,) = torch.autograd.grad(expected.sum() / 5, logits)
    torch.testing.assert_close(gradient, expected_gradient)


def test_class_weights_scale_the_rows_of_their_class(logits: Tensor) -> None:
    weight = torch.tensor([2.0, 3.0, 5.0], dtype=torch.float64)
    loss = sigmoid_focal_loss(logits, TARGET, 2.0, 0.25, weight, 'none')
    factors = torch.tensor([2.0, 5.0, 1.0, 3.0, 1.0], dtype=torch.float64)[:, None]
    torch.testing.assert_close(loss, factors * reference(logits, 2.0, 0.25))
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    scaled = (factors * reference(logits, 2.0, 0.25)).sum()
    torch.testing.assert_close(gradient, torch.autograd.grad(scaled, logits)[0])


def test_extreme_logits_stay_finite_at_the_clamp() -> None:
    logits = torch.tensor([[200.0], [-200.0]], requires_grad=True)
    target = torch.tensor([1, 0])  # background with a sure yes, class 0 with a sure no
    loss = sigmoid_focal_loss(logits, target, 2.0, 0.25, None, 'none')
    clamp = -math.log(torch.finfo(torch.float32).tiny)
    torch.testing.assert_close(loss.detach(), torch.tensor([[0.75 * clamp], [0.25 * clamp]]))
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    torch.testing.assert_close(gradient, torch.tensor([[0.75], [-0.25]]))


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_reduced_precision_is_computed_in_float32(logits: Tensor, dtype: torch.dtype) -> None:
    low = logits.detach().to(dtype)
    loss = sigmoid_focal_loss(low, TARGET, 2.0, 0.25, None, 'none')
    assert loss.dtype == dtype
    torch.testing.assert_close(loss, reference(low.float(), 2.0, 0.25).to(dtype))


def test_target_beyond_background_is_refused(logits: Tensor) -> None:
    with pytest.raises(ValueError, match='number of classes 3'):
        sigmoid_focal_loss(logits, TARGET + 1, 2.0, 0.25, None, 'none')


def test_no_rows() -> None:
    loss = sigmoid_focal_loss(torch.zeros(0, 3), TARGET[:0], 2.0, 0.25, None, 'none')
    assert loss.shape == (0, 3)
