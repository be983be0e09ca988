"""Content-aware reassembly: every output pixel is a weighted mean of a k x k window of the low-resolution map.

Source: CARAFE, Wang et al., ICCV 2019, arXiv:1905.02188, eq. 4. mmcv's operator exists for CUDA only; the form here
runs on any device. It walks over the k² shifts of the window and adds in place, so neither the patch tensor (k² times
the input) nor an upsampled copy of the input is ever built, forwards or backwards.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

import mmcv_fallback

IMPLEMENTATIONS = ('auto', 'mmcv', 'torch')


def reassemble(x: Tensor, kernels: Tensor, k_up: int, scale: int, impl: str = 'auto') -> Tensor:
    """Upsample ``x`` by ``scale`` with one ``k_up`` x ``k_up`` kernel per output pixel.

    ``out[n, c, i, j] = sum_q kernels[n, q, i, j] * x[n, c, i // scale + q // k_up - r, j // scale + q % k_up - r]``
    with ``r = k_up // 2``; outside the map x counts as zero and the kernel is not re-normalised.

    Args:
        x: Features, shape (N, C, H, W).
        kernels: Weights, shape (N, k_up², scale·H, scale·W), usually softmax-normalised over dimension 1.
        k_up: Side of the kernel in input pixels, odd.
        scale: Integer upsampling factor.
        impl: 'mmcv' (CUDA operator), 'torch' (any device), 'auto' (mmcv's for CUDA tensors where it works and nothing
            is being exported, else torch).

    Returns:
        Shape (N, C, scale·H, scale·W), dtype of ``x``. Sums are accumulated in float32 whatever the dtype.

    Raises:
        ValueError: Shapes do not fit each other, ``k_up`` is no odd number, ``scale`` is below 1, ``impl`` is unknown.
    """
    _check(x, kernels, k_up, scale, impl)
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    kernels = kernels.to(wide.dtype)
    exporting = torch.onnx.is_in_onnx_export() or torch.compiler.is_exporting() or torch.jit.is_tracing()
    compiled = x.is_cuda and not exporting and mmcv_fallback.has_operator('carafe_forward')
    if impl == 'mmcv' or (impl == 'auto' and compiled):
        from mmcv.ops import carafe
        out = carafe(wide, kernels, k_up, 1, scale)
    elif exporting:
        out = _reassemble_standard(wide, kernels, k_up, scale)
    else:
        # The walk over shifts wants each channel's rows side by side, whatever the network's memory format is.
        out = _Reassemble.apply(wide.contiguous(), kernels.contiguous(), k_up, scale)
    return out.to(x.dtype)


def _check(x: Tensor, kernels: Tensor, k_up: int, scale: int, impl: str) -> None:
    if impl not in IMPLEMENTATIONS:
        raise ValueError(f'impl must be one of {IMPLEMENTATIONS}, got {impl!r}')
    if k_up < 1 or k_up % 2 == 0 or scale < 1:
        raise ValueError(f'k_up must be odd and scale at least 1, got {k_up} and {scale}')
    expected = (x.shape[0], k_up * k_up, x.shape[2] * scale, x.shape[3] * scale)
    if tuple(kernels.shape) != expected:
        raise ValueError(f'kernels must have shape {expected} for x of shape {tuple(x.shape)}, '
                         f'k_up={k_up} and scale={scale}; got {tuple(kernels.shape)}')


def _reassemble_standard(x: Tensor, kernels: Tensor, k_up: int, scale: int) -> Tensor:
    """The same sum in out-of-place standard operators, for exporters and tracers."""
    height, width = x.shape[2:]
    padded = F.pad(x, [k_up // 2] * 4)
    weights = F.pixel_unshuffle(kernels, scale).unflatten(1, (k_up * k_up, scale * scale))
    out = None
    for q in range(k_up * k_up):
        dy, dx = divmod(q, k_up)
        part = padded[:, :, None, dy:dy + height, dx:dx + width] * weights[:, None, q]
        out = part if out is None else out + part
    return F.pixel_shuffle(out.flatten(1, 2), scale)


class _Reassemble(torch.autograd.Function):
    """In-place accumulation over the shifts, forward and backward."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, kernels: Tensor, k_up: int, scale: int) -> Tensor:
        ctx.save_for_backward(x, kernels)
        ctx.k_up, ctx.scale = k_up, scale
        n, c, height, width = x.shape
        padded = F.pad(x, [k_up // 2] * 4)
        weights = _unshuffle(kernels, k_up, scale)
        out = x.new_zeros(n, scale * scale, c, height, width)
        for i in range(n):
            for q in range(k_up * k_up):
                window = _window(padded[i], q, k_up, height, width)
                for p in range(scale * scale):
                    out[i, p].addcmul_(window, weights[i, q, p])
        return F.pixel_shuffle(out.transpose(1, 2).flatten(1, 2), scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_out: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, kernels = ctx.saved_tensors
        k_up, scale = ctx.k_up, ctx.scale
        n, _, height, width = x.shape
        padded = F.pad(x, [k_up // 2] * 4)
        weights = _unshuffle(kernels, k_up, scale)
        grads = F.pixel_unshuffle(grad_out.contiguous(), scale).unflatten(1, (-1, scale * scale))
        grads = grads.transpose(1, 2).contiguous()
        grad_padded, grad_weights = torch.zeros_like(padded), torch.empty_like(weights)
        for i in range(n):
            for q in range(k_up * k_up):
                window = _window(padded[i], q, k_up, height, width)
                target = _window(grad_padded[i], q, k_up, height, width)
                for p in range(scale * scale):
                    target.addcmul_(grads[i, p], weights[i, q, p])
                    torch.sum(grads[i, p] * window, dim=0, out=grad_weights[i, q, p])
        r = k_up // 2
        grad_x = grad_padded[:, :, r:r + height, r:r + width]
        return grad_x, F.pixel_shuffle(grad_weights.flatten(1, 2), scale), None, None


def _unshuffle(kernels: Tensor, k_up: int, scale: int) -> Tensor:
    """(N, k², aH, aW) -> (N, k², a², H, W), contiguous."""
    return F.pixel_unshuffle(kernels, scale).unflatten(1, (k_up * k_up, scale * scale)).contiguous()


def _window(padded: Tensor, q: int, k_up: int, height: int, width: int) -> Tensor:
    """View of the padded map (C, H + 2r, W + 2r) shifted to kernel position ``q``."""
    dy, dx = divmod(q, k_up)
    return padded[:, dy:dy + height, dx:dx + width]
