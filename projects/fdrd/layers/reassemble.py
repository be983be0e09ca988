"""Content-aware reassembly: every output pixel is a weighted mean of a k x k window of the low-resolution map.

Source: CARAFE, Wang et al., ICCV 2019, arXiv:1905.02188, eq. 4. mmcv's operator exists for CUDA only; the form here
runs on any device. With the channels of a pixel side by side, a row of a window is a small matrix that lies in the map
as it is, overlapping its neighbours: the sums are batched products with such views. Neither the patch tensor (k² times
the input) nor an upsampled copy of the input is ever built, forwards or backwards.
"""
from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

import mmcv_fallback

IMPLEMENTATIONS = ('auto', 'mmcv', 'torch')
#: Values of the output that are computed together on a CPU: half a megabyte, which its caches hold.
BLOCK = 2**17


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
    elif x.is_meta:
        out = _counted(wide, k_up, scale)
    else:
        with torch.autocast(x.device.type, enabled=False):
            out = _Reassemble.apply(wide, kernels, k_up, scale)
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


def _counted(x: Tensor, k_up: int, scale: int) -> Tensor:
    """On tensors without values: one operator over all products, so that whoever counts them finds neither more nor
    less."""
    n, c, height, width = x.shape
    products = x.new_empty(n, k_up * k_up * scale * scale, c, height, width)
    torch.addcmul(products, products, products)
    return x.new_empty(n, c, height * scale, width * scale)


class _Reassemble(torch.autograd.Function):
    """Products of small matrices, one per pixel, over blocks of rows that stay in the cache.

    Maps are (N, H, W, C) here and padded by r on all sides; what belongs to the output is (N, H, W, a², C), the a²
    output pixels of an input pixel behind each other. Places of a block are counted through its padded rows: those
    between the end of one row and the begin of the next are computed too, and left out.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, kernels: Tensor, k_up: int, scale: int) -> Tensor:
        ctx.save_for_backward(x, kernels)
        ctx.k_up, ctx.scale = k_up, scale
        n, c, height, width = x.shape
        padded = _padded(x.permute(0, 2, 3, 1), k_up // 2)
        weights = F.pad(_weights(kernels, k_up, scale), (0, 0, 0, 0, 0, k_up - 1)).contiguous()
        out = x.new_empty(n, height, scale, width, scale, c)
        for i, y, rows, places in _blocks(x, k_up, scale):
            sums = x.new_empty(rows * weights.shape[2], scale * scale, c)
            part = weights[i, y:y + rows].flatten(0, 1)[:places]
            for dy in range(k_up):
                _add_products(sums[:places], part[..., dy * k_up:(dy + 1) * k_up],
                              _matrices(padded[i, y + dy:], places, k_up), first=dy == 0)
            out[i, y:y + rows] = sums.view(rows, -1, scale, scale, c)[:, :width].transpose(1, 2)
        out = out.view(n, height * scale, width * scale, c).permute(0, 3, 1, 2)
        return out if x.is_contiguous(memory_format=torch.channels_last) else out.contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_out: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, kernels = ctx.saved_tensors
        k_up, scale = ctx.k_up, ctx.scale
        grads = grad_out.permute(0, 2, 3, 1).unflatten(2, (-1, scale)).unflatten(1, (-1, scale)).transpose(2, 3)
        grads = _padded(grads.flatten(3, 4), k_up // 2)
        of_map = of_kernels = None
        if ctx.needs_input_grad[0]:
            of_map = _grad_of_map(x, grads, _weights(kernels, k_up, scale), k_up, scale)
        if ctx.needs_input_grad[1]:
            of_kernels = _grad_of_kernels(x, grads, k_up, scale)
        return of_map, of_kernels, None, None


def _grad_of_map(x: Tensor, grads: Tensor, weights: Tensor, k_up: int, scale: int) -> Tensor:
    """Each pixel gathers from the output pixels whose window it is in."""
    n, c, height, width = x.shape
    area, taps = scale * scale, k_up * k_up
    weights = _padded(weights, k_up // 2)
    out = x.new_empty(n, height, width, c)
    for i, y, rows, places in _blocks(x, k_up, scale):
        sums = x.new_empty(rows * weights.shape[2], 1, c)
        for dy in range(k_up):
            # windows whose row dy the pixel is in; from left to right it is in their taps from right to left
            row = y + k_up - 1 - dy
            first = weights[i, row, 0, 0, dy * k_up + k_up - 1]
            part = first.as_strided((places, k_up, area), (area * taps, area * taps - 1, taps))
            _add_products(sums[:places], part.reshape(places, 1, k_up * area),
                          _matrices(grads[i, row:], places, k_up), first=dy == 0)
        out[i, y:y + rows] = sums.view(rows, -1, c)[:, :width]
    return out.permute(0, 3, 1, 2)


def _grad_of_kernels(x: Tensor, grads: Tensor, k_up: int, scale: int) -> Tensor:
    """Scalar products of each output pixel's gradient with its window."""
    n, _, height, width = x.shape
    area, r = scale * scale, k_up // 2
    padded = _padded(x.permute(0, 2, 3, 1), r)
    out = x.new_empty(n, height, width, area, k_up * k_up)
    for i, y, rows, places in _blocks(x, k_up, scale):
        own = grads[i, y + r:].flatten(0, 1)[r:r + places]
        found = x.new_empty(rows * padded.shape[2], area, k_up * k_up)
        for dy in range(k_up):
            window = _matrices(padded[i, y + dy:], places, k_up)
            found[:places, :, dy * k_up:(dy + 1) * k_up] = torch.bmm(own, window.transpose(1, 2))
        out[i, y:y + rows] = found.unflatten(0, (rows, -1))[:, :width]
    return F.pixel_shuffle(out.permute(0, 4, 3, 1, 2).flatten(1, 2), scale)


def _add_products(sums: Tensor, left: Tensor, right: Tensor, first: bool) -> None:
    """Add the product of each pair of matrices to its sum; the first ones replace what is there."""
    torch.baddbmm(sums, left, right, beta=0 if first else 1, out=sums)


def _weights(kernels: Tensor, k_up: int, scale: int) -> Tensor:
    """(N, k², aH, aW) -> (N, H, W, a², k²)."""
    return F.pixel_unshuffle(kernels, scale).unflatten(1, (k_up * k_up, scale * scale)).permute(0, 3, 4, 2, 1)


def _padded(maps: Tensor, r: int) -> Tensor:
    """(N, H, W, ...) -> (N, H + 2r, W + 2r, ...), contiguous, with zeros around."""
    return F.pad(maps, (0, 0) * (maps.dim() - 3) + (r, ) * 4).contiguous()


def _matrices(padded: Tensor, places: int, k_up: int) -> Tensor:
    """For each of so many places on, the vectors of ``k_up`` places side by side: a view (places, k_up·m, C).

    Args:
        padded: Contiguous rows of a padded map, (rows, W + 2r, C) with m = 1 or (rows, W + 2r, m, C).
    """
    vectors = padded.shape[2] if padded.dim() == 4 else 1
    c = padded.shape[-1]
    return padded.as_strided((places, k_up * vectors, c), (vectors * c, c, 1), padded.storage_offset())


def _blocks(x: Tensor, k_up: int, scale: int) -> Iterator[tuple[int, int, int, int]]:
    """(image, first row, rows, places up to the last window of the last row) of blocks that cover all images."""
    n, c, height, width = x.shape
    row = width + k_up - 1
    most = height if x.is_cuda else max(1, BLOCK // (row * scale * scale * c))
    for i in range(n):
        for y in range(0, height, most):
            rows = min(most, height - y)
            yield i, y, rows, rows * row - (k_up - 1)
