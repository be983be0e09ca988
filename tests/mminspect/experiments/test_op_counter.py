"""The counter against mmengine's own, which traces a real forward pass, and against sums worked by hand."""
import mmcv.ops.deform_conv
import pytest
import torch
import torch.nn.functional as F
from mmcv.ops import DeformConv2d, ModulatedDeformConv2d
from mmengine.analysis import FlopAnalyzer
from torch import nn

from fdrd.layers import SemanticUpsample
from mminspect.experiments.op_counter import counting


class Call(nn.Module):
    """A function as a module, with a parameter so that mmengine finds a device."""

    def __init__(self, function):
        super().__init__()
        self.function, self.weight = function, nn.Parameter(torch.ones(6, 6))

    def forward(self, x):
        return self.function(x, self.weight)


MODULES = {
    'convolution': nn.Conv2d(6, 9, 3, stride=2, padding=1),
    'grouped': nn.Conv2d(6, 12, 3, groups=3, dilation=2, bias=False),
    'transposed': nn.ConvTranspose2d(6, 4, 3, stride=2),
    'linear': nn.Linear(10, 7),
    'linear without bias': nn.Linear(10, 7, bias=False),
    'batch norm': nn.BatchNorm2d(6),
    'batch norm without affine': nn.BatchNorm2d(6, affine=False),
    'instance norm': nn.InstanceNorm2d(6, affine=True),
    'group norm': nn.GroupNorm(3, 6),
    'group norm without affine': nn.GroupNorm(3, 6, affine=False),
    'layer norm': nn.LayerNorm(10),
    'nearest': nn.Upsample(scale_factor=3),
    'bilinear': nn.Upsample(scale_factor=2, mode='bilinear'),
    'pooling': nn.AdaptiveAvgPool2d((2, 3)),
    'global pooling': nn.AdaptiveAvgPool2d(1),
    'matrix product': Call(lambda x, w: x.flatten(2).transpose(1, 2) @ w),
    'batched product': Call(lambda x, w: torch.bmm(x.flatten(2).transpose(1, 2), x.flatten(2))),
    'sampling': Call(lambda x, w: F.grid_sample(x, x[:, :2].permute(0, 2, 3, 1), align_corners=False)),
    'mean is not pooling': Call(lambda x, w: x.mean(dim=(2, 3)) + x.mean(dim=(2, 3), keepdim=True).sum()),
    'element-wise': Call(lambda x, w: (x * x + 1).relu().softmax(1).exp()),
}


@pytest.mark.parametrize('name', MODULES)
def test_counts_what_mmengine_counts(name):
    module, shape = MODULES[name].eval(), (2, 6, 8, 10)
    reference = FlopAnalyzer(module, (torch.rand(shape), )).unsupported_ops_warnings(False)
    reference = reference.uncalled_modules_warnings(False).total()
    with counting() as counter:
        module.to('meta')(torch.empty(shape, device='meta'))
    assert sum(counter.counted.values()) == reference
    assert (reference > 0) == (name not in ('mean is not pooling', 'element-wise'))


def test_deformable_convolutions_are_noted_and_not_run():
    original = mmcv.ops.deform_conv.ext_module
    with counting() as counter:
        DeformConv2d(4, 6, 3, padding=1, groups=2).to('meta')(
            torch.empty(2, 4, 8, 10, device='meta'), torch.empty(2, 18, 8, 10, device='meta'))
    assert counter.uncounted == {'deformable convolution': 2 * 6 * 2 * 9 * 80}
    with counting() as counter:
        ModulatedDeformConv2d(4, 6, 3, stride=2).to('meta')(
            *(torch.empty(2, c, *s, device='meta') for c, s in ((4, (9, 11)), (18, (4, 5)), (9, (4, 5)))))
    assert counter.uncounted == {'deformable convolution': 2 * 6 * 4 * 9 * 20}
    assert sum(counter.counted.values()) == 0
    assert mmcv.ops.deform_conv.ext_module is original


@pytest.mark.parametrize('rows', [7, 70])  # torch has one operator for few rows and one for many
def test_distances_are_noted(rows):
    with counting() as counter:
        torch.cdist(torch.empty(10, 4, device='meta'), torch.empty(rows, 4, device='meta'))
    assert counter.uncounted == {'distances (cdist)': 10 * rows * 4} and not counter.counted


def test_the_operators_come_back_after_an_error():
    original = mmcv.ops.deform_conv.ext_module
    with pytest.raises(ZeroDivisionError), counting():
        _ = 1 / 0
    assert mmcv.ops.deform_conv.ext_module is original


def test_semantic_upsampling():
    with counting() as counter:
        out = SemanticUpsample(8).to('meta')(torch.empty(1, 8, 5, 7, device='meta'))
    assert out.shape == (1, 8, 10, 14)
    per_pixel = 8 * 16 + 4 * 4 * 4 * 9 + 16 * 8 + 8 * 8 + 8 * 100 * 9  # raise, staircase, align, encoder
    assert counter.counted == {'convolution': 35 * per_pixel}
    assert counter.uncounted == {'reassembly (addcmul)': 25 * 8 * 10 * 14}
