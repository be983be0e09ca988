"""RoI Align (https://arxiv.org/abs/1703.06870) with the signatures of mmcv's ``roi_align_forward``
and ``_backward``.

mmcv's caller allocates every result and passes it in to be filled.
"""

from __future__ import annotations

import torch
import torchvision  # noqa: F401  registers torch.ops.torchvision
from torch import Tensor

from .precision import compute_dtype

AVERAGE = 1


@torch.no_grad()
def roi_align_forward(
    input: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Pool each region of interest into ``output``.

    Args:
        input: (N, C, H, W) features.
        rois: (K, 5) as image index, x1, y1, x2, y2 in image pixels.
        output: (K, C, aligned_height, aligned_width), written in place.
        argmax_y: unused, of the max mode.
        argmax_x: unused, of the max mode.
        aligned_height: bins per region.
        aligned_width: bins per region.
        spatial_scale: feature pixels per image pixel.
        sampling_ratio: samples per bin and axis; 0 takes about one per feature pixel.
        pool_mode: 1 average; 0 max is not available.
        aligned: whether pixel centres are at half coordinates.

    Raises:
        NotImplementedError: for the max mode.
    """
    _require_average(pool_mode)
    dtype = compute_dtype(input.dtype)
    pooled = torch.ops.torchvision.roi_align(
        input.to(dtype),
        rois.to(dtype),
        spatial_scale,
        aligned_height,
        aligned_width,
        sampling_ratio,
        aligned,
    )
    output.copy_(pooled)


@torch.no_grad()
def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Add the gradient of the features (N, C, H, W) to ``grad_input``.

    Args:
        grad_output: (K, C, aligned_height, aligned_width).
        grad_input: (N, C, H, W), added to in place.

    The others are those of :func:`roi_align_forward`.

    Raises:
        NotImplementedError: for the max mode.
    """
    _require_average(pool_mode)
    dtype = compute_dtype(grad_output.dtype)
    gradient = torch.ops.torchvision._roi_align_backward(
        grad_output.to(dtype),
        rois.to(dtype),
        spatial_scale,
        aligned_height,
        aligned_width,
        *grad_input.shape,
        sampling_ratio,
        aligned,
    )
    grad_input.add_(gradient)


def _require_average(pool_mode: int) -> None:
    if pool_mode != AVERAGE:
        raise NotImplementedError(
            "roi_align with pool_mode='max' needs a compiled mmcv, torchvision's averages only"
        )
