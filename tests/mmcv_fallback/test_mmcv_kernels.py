"""The fallback against mmcv's own CPU kernels, built from the C++ sources in mmcv's wheel.

Needs a compiler and half a minute, so it runs on request only:
``MMCV_FALLBACK_BUILD_KERNELS=1 pytest tests/mmcv_fallback/test_mmcv_kernels.py``
"""

import os
from pathlib import Path
from types import ModuleType

import mmcv
import pytest
import torch
from torch import Tensor

from mmcv_fallback import extension

pytestmark = pytest.mark.skipif(
    'MMCV_FALLBACK_BUILD_KERNELS' not in os.environ,
    reason='set MMCV_FALLBACK_BUILD_KERNELS=1 to compile the kernels of mmcv for comparison',
)
FAMILIES = ['nms', 'roi_align', 'deform_conv', 'modulated_deform_conv']
# The focal loss has no CPU kernel in mmcv.
OPERATORS = [
    name for name in extension.__all__ if not name.startswith(('get_', 'sigmoid_focal_loss'))
]
# kernel, stride, padding and dilation as (h, w), groups, deformable groups
GEOMETRIES = [
    ((3, 3), (1, 1), (1, 1), (1, 1), 1, 1),
    ((3, 2), (1, 2), (2, 1), (1, 1), 2, 1),
    ((2, 3), (2, 1), (1, 2), (2, 1), 1, 4),
    ((1, 1), (1, 1), (0, 0), (1, 1), 8, 2),
]


@pytest.fixture(scope='session')
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    from torch.utils.cpp_extension import load_inline

    sources = Path(mmcv.__file__).parent / 'ops/csrc'
    includes = [f'pytorch/{folder}{name}.cpp' for name in FAMILIES for folder in ('cpu/', '')]
    return load_inline(
        'mmcv_kernels',
        '\n'.join(f'#include "{path}"' for path in includes),
        functions=OPERATORS,
        extra_include_paths=[str(sources), str(sources / 'common')],
        extra_cflags=['-O1'],
        build_directory=str(tmp_path_factory.mktemp('mmcv_kernels')),
    )


def compare(kernels: ModuleType, operator: str, tensors: list[Tensor], *settings: object) -> object:
    """Run both implementations, compare all tensors afterwards, return the fallback's result."""
    copies = [[tensor.clone() for tensor in tensors] for _ in range(2)]
    results = [
        getattr(module, operator)(*copy, *settings)
        for module, copy in zip((kernels, extension), copies, strict=True)
    ]
    if isinstance(results[0], Tensor):
        assert results[1].tolist() == results[0].tolist()
    else:
        assert results[1] == results[0]
    for expected, found in zip(*copies, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-5)
    return results[1]


def boxes_and_scores(whole: bool) -> tuple[Tensor, Tensor]:
    """Return (200, 4) and (200,); with whole coordinates many IoUs are equal or at a threshold."""
    torch.manual_seed(0)
    near, size = torch.rand(200, 2) * 60, torch.rand(200, 2) * 40 + 1
    boxes = torch.cat([near, near + size], dim=1)
    return (boxes.round() if whole else boxes), torch.randperm(200) / 200


@pytest.mark.parametrize('whole', [False, True])
@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('threshold', [0.3, 0.5, 0.6])
def test_suppression(kernels: ModuleType, threshold: float, offset: int, whole: bool) -> None:
    boxes, scores = boxes_and_scores(whole)
    kept = compare(kernels, 'nms', [boxes, scores], threshold, offset)
    assert 10 < len(kept) < 200
    compare(kernels, 'nms_match', [torch.cat([boxes, scores[:, None]], dim=1)], threshold)


@pytest.mark.parametrize('whole', [False, True])
@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('method', [0, 1, 2])
def test_soft_suppression(kernels: ModuleType, method: int, offset: int, whole: bool) -> None:
    boxes, scores = boxes_and_scores(whole)
    scores = (scores * 20).round() / 20  # also equal ones: the order of the result is defined
    settings = 0.4, 0.5, 0.2, method, offset
    kept = compare(kernels, 'softnms', [boxes, scores, torch.zeros(200, 5)], *settings)
    assert 10 < len(kept) < 200


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('ratio', [0, 2])
def test_roi_align(kernels: ModuleType, ratio: int, aligned: bool) -> None:
    boxes, _ = boxes_and_scores(whole=False)
    rois = torch.cat([torch.randint(0, 2, (200, 1)), boxes - 10], dim=1)
    features, empty = torch.randn(2, 4, 11, 13), torch.zeros(0)
    settings = (7, 5, 0.25, ratio, 1, aligned)
    pooled = torch.randn(200, 4, 7, 5)
    compare(kernels, 'roi_align_forward', [features, rois, pooled, empty, empty], *settings)
    compare(kernels, 'roi_align_backward', [pooled, rois, empty, empty, features], *settings)


def operands(geometry: tuple) -> dict[str, Tensor]:
    """Return random operands, and buffers that are not zero: it shows which are added to."""
    torch.manual_seed(0)
    kernel, stride, padding, dilation, groups, deform_groups = geometry
    size = [
        (length + 2 * p - d * (k - 1) - 1) // s + 1
        for length, k, s, p, d in zip((9, 8), kernel, stride, padding, dilation, strict=True)
    ]
    points = deform_groups * kernel[0] * kernel[1]
    shapes = {
        'input': (4, 8, 9, 8),
        'offset': (4, 2 * points, *size),
        'mask': (4, points, *size),
        'weight': (16, 8 // groups, *kernel),
        'bias': (16,),
        'output': (4, 16, *size),
    }
    tensors = {name: torch.randn(shape) for name, shape in shapes.items()}
    tensors |= {f'grad_{name}': torch.randn(shape) for name, shape in shapes.items()}
    return tensors | {'scratch': torch.zeros(0)}


@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_deform_conv(kernels: ModuleType, geometry: tuple) -> None:
    tensors = operands(geometry)
    settings = [length for pair in geometry[:4] for length in pair[::-1]] + list(geometry[4:])
    for operator, names in {
        'deform_conv_forward': 'input weight offset output scratch scratch',
        'deform_conv_backward_input': (
            'input offset grad_output grad_input grad_offset weight scratch'
        ),
        'deform_conv_backward_parameters': ('input offset grad_output grad_weight scratch scratch'),
    }.items():
        scale = [0.5] if operator.endswith('parameters') else []
        operand = [tensors[name] for name in names.split()]
        compare(kernels, operator, operand, *settings, *scale, 2)


@pytest.mark.parametrize('with_bias', [True, False])
@pytest.mark.parametrize('geometry', GEOMETRIES)
def test_modulated_deform_conv(kernels: ModuleType, geometry: tuple, with_bias: bool) -> None:
    tensors = operands(geometry)
    settings = [*sum(geometry[:4], ()), *geometry[4:], with_bias]
    for operator, names in {
        'modulated_deform_conv_forward': ('input weight bias scratch offset mask output scratch'),
        'modulated_deform_conv_backward': (
            'input weight bias scratch offset mask scratch grad_input grad_weight grad_bias '
            'grad_offset grad_mask grad_output'
        ),
    }.items():
        compare(kernels, operator, [tensors[name] for name in names.split()], *settings)
