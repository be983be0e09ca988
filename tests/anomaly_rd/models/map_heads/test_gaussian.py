import pytest
import torch
from scipy.ndimage import gaussian_filter

from anomaly_rd.models.map_heads import GaussianBlur
from mminspect.core.errors import UserError


@pytest.mark.parametrize('sigma', [0.4, 1.0, 4.0])
@pytest.mark.parametrize('size', [(64, 40), (16, 33), (5, 3)])  # the last two are smaller than the kernel of sigma 4
def test_parity_with_scipy(sigma: float, size: tuple[int, int]) -> None:
    maps = torch.rand(3, *size)
    for ours, x in zip(GaussianBlur(sigma)(maps), maps, strict=True):
        assert torch.allclose(ours, torch.from_numpy(gaussian_filter(x.numpy(), sigma)), atol=1e-5)


def test_zero_sigma_changes_nothing() -> None:
    maps = torch.rand(2, 5, 6)
    assert torch.equal(GaussianBlur(0)(maps), maps)


def test_kernel_is_no_part_of_checkpoints() -> None:
    assert not GaussianBlur().state_dict()


@pytest.mark.parametrize('sigma', [-2, float('inf'), float('nan')])
def test_width_of_no_meaning(sigma: float) -> None:
    with pytest.raises(UserError, match='0 for none'):
        GaussianBlur(sigma)
