"""The operators on a GPU against the same operators on the CPU, which the other tests check."""

from collections.abc import Callable

import pytest
import torch
from mmcv.ops import (
    batched_nms,
    deform_conv2d,
    modulated_deform_conv2d,
    nms,
    roi_align,
    sigmoid_focal_loss,
    soft_nms,
)
from torch import Tensor

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason='no GPU')
GEOMETRY = ((1, 1), (1, 1), (1, 1), 2, 2)  # stride, padding, dilation, groups, deformable groups


def boxes_and_scores() -> tuple[Tensor, Tensor]:
    """Return (300, 4) pixels and (300,) distinct scores."""
    torch.manual_seed(0)
    near, size = torch.rand(300, 2) * 60, torch.rand(300, 2) * 40 + 1
    return torch.cat([near, near + size], dim=1), torch.randperm(300) / 300


@pytest.mark.parametrize('offset', [0, 1])
def test_suppression(offset: int) -> None:
    boxes, scores = boxes_and_scores()
    classes = torch.randint(0, 3, (300,))
    for operator, extra in (
        (nms, (0.5, offset)),
        (soft_nms, (0.5, 0.5, 0.2, 'linear', offset)),
        (batched_nms, (classes, dict(type='nms', iou_threshold=0.5, offset=offset))),
    ):
        moved = [value.cuda() if isinstance(value, Tensor) else value for value in extra]
        dets, kept = operator(boxes.cuda(), scores.cuda(), *moved)
        expected_dets, expected = operator(boxes, scores, *extra)
        assert dets.is_cuda and kept.is_cuda and 10 < len(kept) < 300
        assert torch.equal(kept.cpu(), expected)
        torch.testing.assert_close(dets.cpu(), expected_dets)


def convolve(x: Tensor, offset: Tensor, weight: Tensor) -> Tensor:
    return deform_conv2d(x, offset, weight, *GEOMETRY)


def convolve_modulated(x: Tensor, offset: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
    return modulated_deform_conv2d(x, offset, mask, weight, None, *GEOMETRY)


def pool(x: Tensor) -> Tensor:
    rois = torch.cat([torch.zeros(300, 1), boxes_and_scores()[0]], dim=1)
    return roi_align(x, rois.to(x), (7, 7), 0.125, 0, 'avg', True)


def focal_loss(x: Tensor) -> Tensor:
    target = torch.arange(len(x), device=x.device) % (x.shape[1] + 1)
    return sigmoid_focal_loss(x, target, 2.0, 0.25, None, 'sum')


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    'operator, shapes',
    [
        (convolve, [(2, 8, 9, 8), (2, 36, 9, 8), (4, 4, 3, 3)]),
        (convolve_modulated, [(2, 8, 9, 8), (2, 36, 9, 8), (2, 18, 9, 8), (4, 4, 3, 3)]),
        (pool, [(1, 8, 9, 12)]),
        (focal_loss, [(50, 3)]),
    ],
)
def test_result_and_gradients(operator: Callable, shapes: list, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    values = [torch.randn(shape).to(dtype) for shape in shapes]
    outcomes = []
    for device in ('cuda', 'cpu'):
        inputs = [value.to(device).requires_grad_() for value in values]
        output = operator(*inputs)
        gradients = torch.autograd.grad(output.float().square().sum(), inputs)
        outcomes.append([tensor.detach().cpu() for tensor in (output, *gradients)])
    # Sums in another order; bfloat16 results are rounded from these.
    tolerance = dict(rtol=1e-3, atol=1e-3) if dtype == torch.float32 else dict(rtol=0.02, atol=0.1)
    for found, expected in zip(*outcomes, strict=True):
        assert found.dtype == dtype
        torch.testing.assert_close(found, expected, **tolerance)
