"""Smoothing of anomaly maps."""
from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from mminspect.core.errors import UserError


class GaussianBlur(nn.Module):
    """What ``scipy.ndimage.gaussian_filter(map, sigma)`` computes: the kernel ends at 4 sigma, the border is mirrored.

    Two convolutions with a fixed kernel, so that an exported model smooths as the native one does.

    Args:
        sigma: Standard deviation in pixels; 0 changes nothing.

    Raises:
        UserError: ``sigma`` is negative or infinite.
    """

    def __init__(self, sigma: float = 4.0) -> None:
        super().__init__()
        if not 0 <= sigma < math.inf:
            raise UserError(f'sigma of a map is {sigma}: give the width of its Gaussian filter in pixels, 0 for none')
        self.radius = int(4 * sigma + 0.5)
        offsets = torch.arange(-self.radius, self.radius + 1, dtype=torch.float64)
        kernel = torch.exp(-0.5 * (offsets / sigma) ** 2) if self.radius else torch.ones(1, dtype=torch.float64)
        self.register_buffer('kernel', (kernel / kernel.sum()).float(), persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Smooth maps (N, H, W) float32; same shape."""
        if not self.radius:
            return maps
        x = maps.unsqueeze(1)
        x = conv2d(_mirrored(x, 2, self.radius), self.kernel.view(1, 1, -1, 1))
        return conv2d(_mirrored(x, 3, self.radius), self.kernel.view(1, 1, 1, -1)).squeeze(1)


def _mirrored(x: Tensor, dim: int, radius: int) -> Tensor:
    """Extended on both sides of ``dim`` by its mirror image, edge included: ... b a | a b c | c b ..."""
    size = x.shape[dim]
    index = torch.arange(-radius, size + radius, device=x.device) % (2 * size)
    return x.index_select(dim, torch.minimum(index, 2 * size - 1 - index))
