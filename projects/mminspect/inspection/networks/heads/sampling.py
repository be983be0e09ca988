"""Reading maps between their pixels, which deformable convolutions do, in ONNX's standard operators."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Sampler(nn.Module):
    """Bilinear samples of maps of a fixed size; beyond their border maps are 0.

    Args:
        height: Of the maps, in pixels.
        width: Of the maps, in pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
        self.register_buffer('pixels', torch.stack([columns, rows], dim=-1).float(), persistent=False)
        self.register_buffer('size', torch.tensor([float(width), float(height)]), persistent=False)

    def forward(self, maps: Tensor, shifts: Tensor) -> Tensor:
        """Sample every pixel's surroundings.

        Args:
            maps: (N, C, H, W).
            shifts: (N, K, 2, H, W), dy and dx of K samples per pixel, in pixels from its centre.

        Returns:
            (N, C, K, H, W).
        """
        count, height, width = shifts.shape[1], *self.pixels.shape[:2]
        places = shifts.flip(2).permute(0, 1, 3, 4, 2) + self.pixels
        # -1 and 1 are the outer edges of the first and the last pixel; the samples of a pixel lie below each other
        grid = ((2 * places + 1) / self.size - 1).reshape(-1, count * height, width, 2)
        samples = F.grid_sample(maps, grid, mode='bilinear', padding_mode='zeros', align_corners=False)
        return samples.reshape(-1, maps.shape[1], count, height, width)
