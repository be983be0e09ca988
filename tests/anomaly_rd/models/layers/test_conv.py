import pytest
import torch

from anomaly_rd.models.layers import ConvNormAct


@pytest.mark.parametrize(('kernel', 'stride', 'size'), [(1, 1, 16), (3, 1, 16), (3, 2, 8), (3, 4, 4)])
def test_shape_and_parameters(kernel: int, stride: int, size: int) -> None:
    block = ConvNormAct(4, 6, kernel, stride)
    assert block(torch.randn(2, 4, 16, 16)).shape == (2, 6, size, size)
    assert sum(p.numel() for p in block.parameters()) == 4 * 6 * kernel**2 + 2 * 6  # no bias


def test_output_is_rectified_and_normalised() -> None:
    y = ConvNormAct(4, 6, 3)(torch.randn(8, 4, 16, 16) * 50 + 7)
    assert y.min() == 0
    # half of a standard normal distribution: mean 0.4, second moment 0.5
    assert y.mean().item() == pytest.approx(0.4, abs=0.05) and y.square().mean().item() == pytest.approx(0.5, abs=0.05)
