"""Deformable convolution, v1 and modulated, against plain loops and finite differences."""

import math
from collections.abc import Callable

import pytest
import torch
from mmcv.ops import (
    DeformConv2d,
    DeformConv2dPack,
    ModulatedDeformConv2dPack,
    deform_conv2d,
    modulated_deform_conv2d,
)
from torch import Tensor

from mmcv_fallback import deform_conv as fallback
from mmcv_fallback import extension

# stride, padding and dilation (h, w), groups, deformable groups
GEOMETRIES = [
    ((1, 1), (0, 0), (1, 1), 1, 1),
    ((1, 2), (2, 1), (1, 1), 2, 1),
    ((2, 1), (1, 2), (2, 1), 1, 2),
    ((1, 1), (1, 0), (1, 2), 2, 4),
]
KERNEL = (3, 2)


def operands(geometry: tuple, batch: int = 2) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return float64 input (N, 4, 6, 5), offset, mask, weight (4, 4 / groups, 3, 2), bias."""
    torch.manual_seed(0)
    stride, padding, dilation, groups, deform_groups = geometry
    height, width = (
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, p, d, k, s in zip((6, 5), padding, dilation, KERNEL, stride, strict=True)
    )
    channels = deform_groups * math.prod(KERNEL)
    shapes = [
        (batch, 4, 6, 5),
        (batch, 2 * channels, height, width),
        (batch, channels, height, width),
        (4, 4 // groups, *KERNEL),
        (4,),
    ]
    tensors = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    tensors[1] *= 1.5  # pixels: samples also fall outside
    return tuple(tensors)


def sample(plane: list, y: float, x: float) -> float:
    """Return a plane's bilinear value; outside it is 0."""
    total = 0.0
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < len(plane) and 0 <= column < len(plane[0]):
                total += (1 - abs(y - row)) * (1 - abs(x - column)) * plane[row][column]
    return total


def convolve_loops(
    x: Tensor, weight: Tensor, offset_of: Callable, mask_of: Callable, bias: list, geometry: tuple
) -> Tensor:
    """Return the convolution by its definition.

    ``offset_of(n, g, k, i, j)`` is (dy, dx) and ``mask_of`` the factor of image n, deformable group
    g, kernel point k, at output row i and column j.
    """
    stride, padding, dilation, groups, deform_groups = geometry
    planes, weights = x.tolist(), weight.tolist()
    out_channels, per_group, *kernel = weight.shape
    height, width = (
        (x.shape[2 + a] + 2 * padding[a] - dilation[a] * (kernel[a] - 1) - 1) // stride[a] + 1
        for a in (0, 1)
    )
    output = torch.zeros(len(planes), out_channels, height, width, dtype=x.dtype)
    for n, o, i, j in torch.cartesian_prod(*map(torch.arange, output.shape)).tolist():
        total = bias[o]
        first = o // (out_channels // groups) * per_group
        for c in range(per_group):
            g = (first + c) // (x.shape[1] // deform_groups)
            for k in range(math.prod(kernel)):
                row, column = divmod(k, kernel[1])
                dy, dx = offset_of(n, g, k, i, j)
                value = sample(
                    planes[n][first + c],
                    i * stride[0] - padding[0] + row * dilation[0] + dy,
                    j * stride[1] - padding[1] + column * dilation[1] + dx,
                )
                total += weights[o][c][row][column] * mask_of(n, g, k, i, j) * value
        output[n, o, i, j] = total
    return output


def offset_reader(offset: Tensor, points: int) -> Callable:
    """Return the documented channels: y0, x0, y1, x1, ... of each deformable group in turn."""
    values = offset.tolist()

    def read(n: int, g: int, k: int, i: int, j: int) -> tuple[float, float]:
        channel = 2 * (g * points + k)
        return values[n][channel][i][j], values[n][channel + 1][i][j]

    return read


def mask_reader(mask: Tensor, points: int) -> Callable:
    values = mask.tolist()
    return lambda n, g, k, i, j: values[n][g * points + k][i][j]


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_v1_equals_loops(geometry: tuple) -> None:
    x, offset, _, weight, _ = operands(geometry)
    reader = offset_reader(offset, math.prod(KERNEL))
    expected = convolve_loops(x, weight, reader, lambda *_: 1.0, [0.0] * 4, geometry)
    torch.testing.assert_close(deform_conv2d(x, offset, weight, *geometry), expected)


@pytest.mark.parametrize('with_bias', [True, False])
@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_modulated_equals_loops(geometry: tuple, with_bias: bool) -> None:
    x, offset, mask, weight, bias = operands(geometry)
    points = math.prod(KERNEL)
    readers = offset_reader(offset, points), mask_reader(mask, points)
    expected = convolve_loops(x, weight, *readers, (bias * with_bias).tolist(), geometry)
    output = modulated_deform_conv2d(
        x, offset, mask, weight, bias if with_bias else None, *geometry
    )
    torch.testing.assert_close(output, expected)


def test_packs_read_offset_and_mask_from_one_convolution() -> None:
    """DCNv1 uses all channels as offsets; DCNv2 two thirds, and the last as mask logits."""
    torch.manual_seed(1)
    x = torch.randn(1, 4, 5, 6, dtype=torch.float64)
    geometry = ((1, 1), (1, 1), (1, 1), 1, 2)
    for pack, parts in ((DeformConv2dPack, 2), (ModulatedDeformConv2dPack, 3)):
        layer = pack(4, 2, 3, padding=1, deform_groups=2, bias=False).double()
        torch.nn.init.normal_(layer.conv_offset.weight, std=0.3)
        predicted = layer.conv_offset(x).detach()
        assert predicted.shape[1] == parts * 2 * 9
        offset = offset_reader(predicted[:, : 2 * 2 * 9], 9)
        mask = mask_reader(predicted[:, 36:].sigmoid(), 9) if parts == 3 else lambda *_: 1.0
        expected = convolve_loops(x, layer.weight.detach(), offset, mask, [0.0, 0.0], geometry)
        torch.testing.assert_close(layer(x).detach(), expected)


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_v1_gradients_equal_finite_differences(geometry: tuple) -> None:
    x, offset, _, weight, _ = (tensor.requires_grad_() for tensor in operands(geometry))
    assert torch.autograd.gradcheck(
        lambda *inputs: deform_conv2d(*inputs, *geometry), (x, offset, weight), fast_mode=True
    )


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_modulated_gradients_equal_finite_differences(geometry: tuple) -> None:
    inputs = [tensor.requires_grad_() for tensor in operands(geometry)]
    assert torch.autograd.gradcheck(
        lambda *inputs: modulated_deform_conv2d(*inputs, *geometry), inputs, fast_mode=True
    )
    without_bias = [*inputs[:4], None]
    assert torch.autograd.gradcheck(
        lambda *inputs: modulated_deform_conv2d(*inputs, *geometry), without_bias, fast_mode=True
    )


def test_v1_backward_runs_torchvision_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, gradients = [], fallback._gradients
    monkeypatch.setattr(fallback, '_gradients', lambda *args: calls.append(0) or gradients(*args))
    x, offset, _, weight, _ = operands(GEOMETRIES[1])
    output = deform_conv2d(x, offset, weight.requires_grad_(), *GEOMETRIES[1])
    output.sum().backward(retain_graph=True)
    assert len(calls) == 1
    alone = weight.grad.clone()
    # The same graph with the other gradients in it, and with another gradient coming in.
    output = deform_conv2d(x.requires_grad_(), offset, weight, *GEOMETRIES[1])
    for factor in (1, 3):
        weight.grad = None
        (output * factor).sum().backward(retain_graph=True)
        torch.testing.assert_close(weight.grad, factor * alone)
    assert len(calls) == 3


def test_weight_gradient_is_scaled_and_added() -> None:
    x, offset, _, weight, _ = operands(GEOMETRIES[0])
    gradient = torch.randn(deform_conv2d(x, offset, weight).shape, dtype=torch.float64)
    settings = (2, 3, 1, 1, 0, 0, 1, 1, 1, 1)
    fresh, filled = torch.zeros_like(weight), torch.ones_like(weight)
    for buffer, scale in ((fresh, 1), (filled, 2)):
        scratch = x.new_empty(0), x.new_empty(0)
        extension.deform_conv_backward_parameters(
            x, offset, gradient, buffer, *scratch, *settings, scale=scale, im2col_step=1
        )
    torch.testing.assert_close(filled, 1 + 2 * fresh)


def test_weight_gradient_left_for_another_call_is_not_used() -> None:
    x, offset, _, weight, _ = operands(GEOMETRIES[0])
    first, second = torch.randn(2, *deform_conv2d(x, offset, weight).shape, dtype=torch.float64)
    settings = (2, 3, 1, 1, 0, 0, 1, 1, 1, 1)
    scratch, ones = x.new_empty(0), x.new_empty(0)
    buffers = torch.zeros_like(x), torch.zeros_like(offset)
    extension.deform_conv_backward_input(
        x, offset, first, *buffers, weight, scratch, *settings, im2col_step=1
    )
    results = []
    for columns in (scratch, x.new_empty(0)):
        results.append(torch.zeros_like(weight))
        extension.deform_conv_backward_parameters(
            x, offset, second, results[-1], columns, ones, *settings, scale=1, im2col_step=1
        )
    assert torch.equal(*results)


def test_input_smaller_than_the_kernel() -> None:
    """The operator refuses it as the compiled one does; the layer pads before it."""
    x, weight = torch.randn(1, 1, 2, 4), torch.randn(1, 1, 3, 3)
    offset = torch.zeros(1, 18, 2, 4)
    with pytest.raises(RuntimeError, match='smaller than kernel'):
        deform_conv2d(x, offset, weight, 1, 1)
    layer = DeformConv2d(1, 1, 3, padding=1)
    expected = torch.nn.functional.conv2d(x, layer.weight, padding=1)
    torch.testing.assert_close(layer(x, offset), expected)


@pytest.mark.parametrize('im2col_step', [1, 2, 32])
def test_im2col_step_does_not_change_the_result(im2col_step: int) -> None:
    x, offset, _, weight, _ = operands(GEOMETRIES[0], batch=4)
    expected = torch.cat([deform_conv2d(x[n : n + 1], offset[n : n + 1], weight) for n in range(4)])
    output = deform_conv2d(x, offset, weight, 1, 0, 1, 1, 1, False, im2col_step)
    torch.testing.assert_close(output, expected)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_reduced_precision_is_computed_in_float32(dtype: torch.dtype) -> None:
    low = [tensor.to(dtype).requires_grad_() for tensor in operands(GEOMETRIES[2])]
    full = [tensor.detach().float().requires_grad_() for tensor in low]
    for inputs in (low, full):
        output = modulated_deform_conv2d(*inputs, *GEOMETRIES[2])
        plain = deform_conv2d(inputs[0], inputs[1], inputs[3], *GEOMETRIES[2])
        assert output.dtype == plain.dtype == inputs[0].dtype
        (output.float().sum() + plain.float().sum()).backward()
    assert torch.equal(modulated_deform_conv2d(*low, *GEOMETRIES[2]), output.to(dtype))
    for reduced, exact in zip(low, full, strict=True):
        assert reduced.grad.dtype == dtype
        torch.testing.assert_close(reduced.grad.float(), exact.grad, rtol=0.02, atol=0.1)
