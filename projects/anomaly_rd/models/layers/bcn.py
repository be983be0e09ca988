"""Batch channel normalisation: batch and layer normalisation, mixed per channel.

Khaled et al., "BCN: Batch Channel Normalization for Image Classification", arXiv:2312.00596.
"""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class BatchChannelNorm(nn.Module):
    """``gamma * (iota * x_b + (1 - iota) * x_l) + beta``, each factor per channel and learned.

    ``x_b`` is normalised over (N, H, W) per channel, with running statistics in eval mode, ``x_l`` over (C, H, W) per
    image. iota starts at 1, so that the layer begins as a plain BatchNorm2d, and is unbounded unless clamped.
    Statistics are float32 for any input; backward keeps the input alone, where two separate normalisations would keep
    two more maps of its size.

    Args:
        channels: C of the input.
        eps: Added to variances.
        momentum: Weight of a new batch in the running statistics (whose variance is unbiased, as BatchNorm2d's).
        clamp_iota: Keep iota in [0, 1].
    """

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1, clamp_iota: bool = False) -> None:
        super().__init__()
        self.eps, self.momentum, self.clamp_iota = eps, momentum, clamp_iota
        self.iota = nn.Parameter(torch.ones(channels))
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer('running_mean', torch.zeros(channels))
        self.register_buffer('running_var', torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` of shape (N, C, H, W); same shape, dtype and memory format."""
        iota = self.iota.clamp(0, 1) if self.clamp_iota else self.iota
        running = None if self.training else (self.running_mean, self.running_var)
        # Without gradients the plain function does: an exporter cannot look into an autograd.Function.
        normalise = _Normalise.apply if torch.is_grad_enabled() else _normalised
        y, mean, var = normalise(x, iota, self.weight, self.bias, running, self.eps)
        if self.training:
            self._track(mean, var, x.shape[0] * x.shape[2] * x.shape[3])
        return y

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor, count: int) -> None:
        batch_mean, batch_var = _pooled(mean, var, dim=0)
        self.running_mean.lerp_(batch_mean[0], self.momentum)
        self.running_var.lerp_(batch_var[0] * (count / max(count - 1, 1)), self.momentum)


class _Normalise(torch.autograd.Function):
    """Centre every channel of every image, then one multiplication and one addition of factors (N, C)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, iota: Tensor, weight: Tensor, bias: Tensor,
                running: tuple[Tensor, Tensor] | None, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        """Output, and mean and biased variance over (H, W), (N, C) each, without gradients."""
        y, mean, var = _normalised(x, iota, weight, bias, running, eps)
        ctx.save_for_backward(x, mean, var, iota, weight, bias)
        ctx.rest = running, eps
        ctx.mark_non_differentiable(mean, var)
        return y, mean, var

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        """Gradients of the input and of the three parameters; those of the factors are autograd's."""
        x, *small = ctx.saved_tensors
        grad = grad.to(small[0].dtype)
        centred = x.to(grad.dtype, copy=True).sub_(_spread(small[0]))
        grad_shift = grad.sum((2, 3))
        grad_scale = (grad * centred).sum((2, 3))
        with torch.enable_grad():
            small = [t.detach().requires_grad_() for t in small]
            scale, shift = _factors(*small, *ctx.rest)
        grad_mean, grad_var, *grads = torch.autograd.grad((scale, shift), small, (grad_scale, grad_shift))
        positions = x.shape[2] * x.shape[3]
        scale = scale.detach()
        of_all = (grad_mean - scale * grad_shift) / positions  # the centring passes gradients of the mean, too
        grad_x = centred.mul_(_spread(2 / positions * grad_var)).addcmul_(grad, _spread(scale)).add_(_spread(of_all))
        return grad_x.to(x.dtype), *grads, None, None


def _normalised(x: Tensor, iota: Tensor, weight: Tensor, bias: Tensor, running: tuple[Tensor, Tensor] | None,
                eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Output, and mean and biased variance over (H, W), (N, C) each."""
    y = x.to(torch.promote_types(x.dtype, torch.float32), copy=True)
    mean = y.mean((2, 3))
    var = y.sub_(_spread(mean)).square().mean((2, 3))
    scale, shift = _factors(mean, var, iota, weight, bias, running, eps)
    return y.mul_(_spread(scale)).add_(_spread(shift)).to(x.dtype), mean, var


def _factors(mean: Tensor, var: Tensor, iota: Tensor, weight: Tensor, bias: Tensor,
             running: tuple[Tensor, Tensor] | None, eps: float) -> tuple[Tensor, Tensor]:
    """What to multiply a centred map by and what to add then, (N, C) each."""
    batch_mean, batch_var = _pooled(mean, var, dim=0) if running is None else running
    layer_mean, layer_var = _pooled(mean, var, dim=1)
    of_batch = weight * iota * (batch_var + eps).rsqrt()
    of_layer = weight * (1 - iota) * (layer_var + eps).rsqrt()
    return of_batch + of_layer, bias + of_batch * (mean - batch_mean) + of_layer * (mean - layer_mean)


def _pooled(mean: Tensor, var: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of the union of equally large groups, from those of the groups."""
    pooled_mean = mean.mean(dim, keepdim=True)
    return pooled_mean, (var + (mean - pooled_mean).square()).mean(dim, keepdim=True)


def _spread(factors: Tensor) -> Tensor:
    return factors[:, :, None, None]
