"""Deformable convolution with the signatures of mmcv's compiled operators.

``deform_conv_*`` is v1 (https://arxiv.org/abs/1703.06211), ``modulated_deform_conv_*`` is v2
(https://arxiv.org/abs/1811.11168). mmcv and torchvision agree on the channels of the offsets,
(dy, dx) pairs per kernel point in row order, deformable groups outermost, and of the masks, one
channel per kernel point.

mmcv's caller allocates every result and passes it in to be filled. ``columns`` and ``ones`` are
scratch memory of the compiled operators, and ``im2col_step`` bounds it; torchvision has its own.
"""

from __future__ import annotations

import torch
import torchvision  # noqa: F401  registers torch.ops.torchvision
from torch import Tensor

from .precision import compute_dtype

# In torchvision's order: stride, padding and dilation as (h, w), groups, deformable groups.
Geometry = tuple[int, int, int, int, int, int, int, int]


@torch.no_grad()
def deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    output: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Convolve v1 into ``output``.

    Args:
        input: (N, C, H, W).
        weight: (O, C / group, kH, kW).
        offset: (N, deformable_group * kH * kW * 2, H', W'), pixels.
        output: (N, O, H', W'), written in place.
        dW: horizontal stride; ``dH`` the vertical one.

    Raises:
        RuntimeError: if the input is smaller than the kernel, as in mmcv; ``DeformConv2d`` pads it
            before.
    """
    _require_kernel_fits(input, kH, kW)
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    output.copy_(_convolve(input, weight, offset, None, None, geometry))


@torch.no_grad()
def deform_conv_backward_input(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradInput: Tensor,
    gradOffset: Tensor,
    weight: Tensor,
    columns: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    im2col_step: int,
) -> None:
    """Add to ``gradInput`` and write ``gradOffset``, both shaped like their operand.

    Args:
        gradOutput: (N, O, H', W').
        columns: receives the weight's gradient for :func:`deform_conv_backward_parameters`.

    The others are those of :func:`deform_conv_forward`.
    """
    _require_kernel_fits(input, kH, kW)
    geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
    grad_input, grad_weight, grad_offset, _, _ = _gradients(
        gradOutput, input, weight, offset, None, None, geometry
    )
    gradInput.add_(grad_input)
    gradOffset.copy_(grad_offset)
    # torchvision computes all gradients at once. mmcv asks for the weight's in a second call with
    # the same scratch tensor: what is left on it there saves computing everything twice.
    columns.weight_gradient = (gradOutput, grad_weight)


@torch.no_grad()
def deform_conv_backward_parameters(
    input: Tensor,
    offset: Tensor,
    gradOutput: Tensor,
    gradWeight: Tensor,
    columns: Tensor,
    ones: Tensor,
    kW: int,
    kH: int,
    dW: int,
    dH: int,
    padW: int,
    padH: int,
    dilationW: int,
    dilationH: int,
    group: int,
    deformable_group: int,
    scale: float,
    im2col_step: int,
) -> None:
    """Add ``scale`` times the weight's gradient to ``gradWeight`` (O, C / group, kH, kW)."""
    computed_for, grad_weight = columns.__dict__.pop('weight_gradient', (None, None))
    if computed_for is not gradOutput:
        _require_kernel_fits(input, kH, kW)
        geometry = (dH, dW, padH, padW, dilationH, dilationW, group, deformable_group)
        # The weight's own values do not enter its gradient, its shape does.
        _, grad_weight, *_ = _gradients(gradOutput, input, gradWeight, offset, None, None, geometry)
    gradWeight.add_(grad_weight, alpha=scale)


@torch.no_grad()
def modulated_deform_conv_forward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Convolve v2 into ``output``.

    Args:
        input: (N, C, H, W).
        weight: (O, C / group, kernel_h, kernel_w).
        bias: (O,), or (0,) when ``with_bias`` is false.
        offset: (N, deformable_group * kernel_h * kernel_w * 2, H', W'), pixels.
        mask: (N, deformable_group * kernel_h * kernel_w, H', W'), factors, usually 0..1.
        output: (N, O, H', W'), written in place.
    """
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    output.copy_(_convolve(input, weight, offset, mask, bias if with_bias else None, geometry))


@torch.no_grad()
def modulated_deform_conv_backward(
    input: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_input: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    group: int,
    deformable_group: int,
    with_bias: bool,
) -> None:
    """Write ``grad_offset`` and ``grad_mask``, add to the others; shaped like their operands."""
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, group, deformable_group)
    gradients = _gradients(
        grad_output, input, weight, offset, mask, bias if with_bias else None, geometry
    )
    grad_input.add_(gradients[0])
    grad_weight.add_(gradients[1])
    grad_offset.copy_(gradients[2])
    grad_mask.copy_(gradients[3])
    if with_bias:
        grad_bias.add_(gradients[4])


def _convolve(
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    geometry: Geometry,
) -> Tensor:
    """Return the convolution (N, O, H', W') in the compute type."""
    operands = _operands(input, weight, offset, mask, bias)
    return torch.ops.torchvision.deform_conv2d(*operands, *geometry, mask is not None)


def _gradients(
    grad_output: Tensor,
    input: Tensor,
    weight: Tensor,
    offset: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    geometry: Geometry,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of input, weight, offset, mask and bias in the compute type."""
    operands = _operands(input, weight, offset, mask, bias)
    grad_output = grad_output.to(operands[0].dtype)
    return torch.ops.torchvision._deform_conv2d_backward(
        grad_output, *operands, *geometry, mask is not None
    )


def _operands(
    input: Tensor, weight: Tensor, offset: Tensor, mask: Tensor | None, bias: Tensor | None
) -> list[Tensor]:
    """Return torchvision's five operands in the compute type, zeros for no mask or bias."""
    if mask is None:
        mask = input.new_zeros((input.shape[0], 1))
    if bias is None:
        bias = input.new_zeros(weight.shape[0])
    dtype = compute_dtype(input.dtype)
    return [tensor.to(dtype) for tensor in (input, weight, offset, mask, bias)]


def _require_kernel_fits(input: Tensor, height: int, width: int) -> None:
    if input.shape[2] < height or input.shape[3] < width:
        raise RuntimeError(
            f'input image is smaller than kernel: {tuple(input.shape[2:])} against {height, width}'
        )
