"""Sigmoid focal loss (https://arxiv.org/abs/1708.02002) with the signatures of mmcv's compiled
operator.

The reference is ``mmcv/ops/csrc/common/cuda/sigmoid_focal_loss_cuda_kernel.cuh``. mmdet calls it
for CUDA tensors only, here it runs on any device. As in mmcv, a logarithm is clamped at the
smallest normal float32, so that the loss of a confidently wrong negative (logit above about 17 in
float32) is -log(1.2e-38) = 87 rather than its logit.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .precision import compute_dtype

FLOAT_MIN = torch.finfo(torch.float32).tiny


@torch.no_grad()
def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Write the loss of each logit to ``output``.

    Args:
        input: (N, C) logits.
        target: (N,) int64 class of each row, C for background.
        weight: (C,) factor per class, or (0,) for none; background rows have factor 1.
        output: (N, C), written in place.
        gamma: focusing exponent.
        alpha: 0..1, weight of the positive term.

    Raises:
        ValueError: if a target exceeds C.
    """
    classes = input.shape[1]
    if target.numel() and int(target.max()) > classes:
        raise ValueError(f'a target label exceeds the number of classes {classes}')
    positive, p = _prepare(input, target)
    loss_positive = -alpha * (1 - p) ** gamma * _log(p)
    loss_negative = -(1 - alpha) * p**gamma * _log(1 - p)
    output.copy_(torch.where(positive, loss_positive, loss_negative) * _row_weight(target, weight))


@torch.no_grad()
def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Write the derivative of each loss by its logit to ``grad_input`` (N, C).

    The others are those of :func:`sigmoid_focal_loss_forward`.
    """
    positive, p = _prepare(input, target)
    slope_positive = -alpha * (1 - p) ** gamma * (1 - p - gamma * p * _log(p))
    slope_negative = -(1 - alpha) * p**gamma * (gamma * (1 - p) * _log(1 - p) - p)
    grad_input.copy_(
        torch.where(positive, slope_positive, slope_negative) * _row_weight(target, weight)
    )


def _prepare(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return which entries (N, C) are the row's class, and the probabilities (N, C)."""
    positive = target[:, None] == torch.arange(input.shape[1], device=target.device)
    return positive, input.to(compute_dtype(input.dtype)).sigmoid()


def _log(p: Tensor) -> Tensor:
    return p.clamp(min=FLOAT_MIN).log()


def _row_weight(target: Tensor, weight: Tensor) -> Tensor | float:
    """Return a factor per row (N, 1), or 1 without class weights."""
    if weight.numel() == 0:
        return 1.0
    # mmcv reads weight[C], beyond the end, for background rows. There is no value to agree with, 1
    # is harmless.
    return F.pad(weight, (0, 1), value=1.0)[target][:, None]
