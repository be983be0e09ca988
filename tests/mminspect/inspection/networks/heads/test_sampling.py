"""Samples between pixels against torchvision's deformable convolution and by hand."""
import pytest
import torch
from torchvision.ops import deform_conv2d

from mminspect.inspection.networks.heads.sampling import Sampler


@pytest.mark.parametrize('size', [(5, 7), (1, 1), (1, 4)])
def test_as_deformable_convolution(size: tuple[int, int]) -> None:
    """Of 1x1 kernels that each copy one channel; shifts reach far beyond the border."""
    maps, shifts = torch.randn(2, 3, *size), torch.randn(2, 4, 2, *size) * 3
    sampled = Sampler(*size)(maps, shifts)
    assert sampled.shape == (2, 3, 4, *size)
    for k in range(4):
        expected = deform_conv2d(maps, shifts[:, k].contiguous(), torch.eye(3)[:, :, None, None])
        torch.testing.assert_close(sampled[:, :, k], expected, atol=1e-5, rtol=1e-5)


def test_by_hand() -> None:
    """A quarter of the way to the right neighbour, and half over the lower border."""
    maps = torch.arange(6.0).reshape(1, 1, 2, 3)
    shifts = torch.tensor([[0.0, 0.25], [1.5, 0.0]])[None, :, :, None, None].expand(1, 2, 2, 2, 3)
    right, below = Sampler(2, 3)(maps, shifts)[0, 0]
    assert right[0].tolist() == pytest.approx([0.25, 1.25, 1.5])
    assert below[0].tolist() == pytest.approx([1.5, 2.0, 2.5]) and below[1].tolist() == [0, 0, 0]
