"""RoI Align against plain loops and torchvision."""

import math

import pytest
import torch
import torchvision
from mmcv.ops import RoIAlign, roi_align
from torch import Tensor

from mmcv_fallback import extension

# Image index, x1, y1, x2, y2: inside, larger than the features, beyond them, thinner than a bin.
ROIS = torch.tensor(
    [[0, 2.3, 1.1, 9.7, 8.2], [1, -6, -4, 30, 28], [1, 40, 40, 60, 50], [0, 5, 5, 5.2, 9]]
).double()
SCALE = 0.5


@pytest.fixture
def features() -> Tensor:
    torch.manual_seed(0)
    return torch.randn(2, 3, 7, 9, dtype=torch.float64)


def sample(plane: list, y: float, x: float) -> float:
    """Return a plane's bilinear value, 0 where it is more than a pixel outside."""
    height, width = len(plane), len(plane[0])
    if not (-1 <= y <= height and -1 <= x <= width):
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    upper = plane[top][left] * (1 - x + left) + plane[top][right] * (x - left)
    lower = plane[bottom][left] * (1 - x + left) + plane[bottom][right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


def pool(plane: list, box: list, size: tuple[int, int], ratio: int, aligned: bool) -> list:
    """Return the average of the samples in each bin, size[0] rows of size[1]."""
    shift = 0.5 if aligned else 0.0
    x1, y1, x2, y2 = (value * SCALE - shift for value in box)
    width, height = x2 - x1, y2 - y1
    if not aligned:
        width, height = max(width, 1.0), max(height, 1.0)
    step_y, step_x = height / size[0], width / size[1]
    rows = ratio if ratio > 0 else math.ceil(step_y)
    columns = ratio if ratio > 0 else math.ceil(step_x)
    return [
        [
            sum(
                sample(
                    plane,
                    y1 + step_y * (i + (row + 0.5) / rows),
                    x1 + step_x * (j + (column + 0.5) / columns),
                )
                for row in range(rows)
                for column in range(columns)
            )
            / (rows * columns)
            for j in range(size[1])
        ]
        for i in range(size[0])
    ]


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
def test_equals_loops_and_torchvision(features: Tensor, ratio: int, aligned: bool) -> None:
    pooled = roi_align(features, ROIS, (3, 2), SCALE, ratio, 'avg', aligned)
    expected = [
        [pool(plane, box, (3, 2), ratio, aligned) for plane in features[int(index)].tolist()]
        for index, *box in ROIS.tolist()
    ]
    torch.testing.assert_close(pooled, torch.tensor(expected, dtype=torch.float64))
    library = torchvision.ops.roi_align(features, ROIS, (3, 2), SCALE, ratio, aligned)
    assert torch.equal(pooled, library)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
def test_gradient_equals_finite_differences(features: Tensor, ratio: int, aligned: bool) -> None:
    def pooled(x: Tensor) -> Tensor:
        return roi_align(x, ROIS, (3, 2), SCALE, ratio, 'avg', aligned)

    assert torch.autograd.gradcheck(pooled, features.requires_grad_())


def test_backward_adds_to_the_buffer(features: Tensor) -> None:
    empty, gradient = features.new_zeros(0), torch.randn(4, 3, 3, 2, dtype=torch.float64)
    settings = (3, 2, SCALE, 2, 1, True)
    fresh, filled = torch.zeros_like(features), torch.ones_like(features)
    extension.roi_align_backward(gradient, ROIS, empty, empty, fresh, *settings)
    extension.roi_align_backward(gradient, ROIS, empty, empty, filled, *settings)
    assert fresh.abs().sum() > 0
    torch.testing.assert_close(filled, fresh + 1)


def test_max_mode_is_refused(features: Tensor) -> None:
    with pytest.raises(NotImplementedError, match='max'):
        RoIAlign(2, pool_mode='max')(features, ROIS)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_reduced_precision_is_computed_in_float32(features: Tensor, dtype: torch.dtype) -> None:
    low = features.to(dtype).requires_grad_()
    pooled = RoIAlign(2, SCALE)(low, ROIS.to(dtype))
    exact = torchvision.ops.roi_align(
        low.detach().float(), ROIS.to(dtype).float(), 2, SCALE, 0, True
    )
    assert torch.equal(pooled, exact.to(dtype))
    pooled.sum().backward()
    assert low.grad.dtype == dtype and low.grad.abs().sum() > 0


def test_no_regions(features: Tensor) -> None:
    features.requires_grad_()
    pooled = roi_align(features, ROIS[:0], (3, 2), SCALE)
    assert pooled.shape == (0, 3, 3, 2)
    pooled.sum().backward()
    assert torch.equal(features.grad, torch.zeros_like(features))
