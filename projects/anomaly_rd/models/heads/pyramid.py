"""Context at several scales: modules that map (N, C, H, W) to (N, C, H, W)."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.models.layers import ConvNormAct


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling (Chen et al., arXiv:1706.05587): image mean and dilated convolutions.

    Args:
        channels: C.
        dilations: Of the 3 x 3 convolutions, one branch each.
    """

    def __init__(self, channels: int, dilations: Sequence[int] = (6, 12, 18)) -> None:
        super().__init__()
        # No BatchNorm here: a batch of N has N values per channel left, one image none to normalise.
        self.pooled = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.ReLU(inplace=True))
        self.dilated = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, channels, 3, padding=rate, dilation=rate, bias=False),
                          nn.BatchNorm2d(channels), nn.ReLU(inplace=True)) for rate in dilations)
        self.fuse = ConvNormAct(channels * (1 + len(dilations)), channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H, W)."""
        pooled = self.pooled(x.mean((2, 3), keepdim=True)).expand_as(x)
        return self.fuse(torch.cat([pooled, *(branch(x) for branch in self.dilated)], dim=1))


class SPP(nn.Module):
    """Spatial pyramid pooling (Zhao et al., arXiv:1612.01105): means over grids of cells, next to the input.

    Args:
        channels: C, a multiple of the number of grids.
        grids: Cells along a side of each grid.
    """

    def __init__(self, channels: int, grids: Sequence[int] = (1, 2, 3, 6)) -> None:
        super().__init__()
        self.grids = tuple(grids)
        part = channels // len(self.grids)
        self.reduce = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, part, 1), nn.ReLU(inplace=True))
                                    for _ in self.grids)
        self.fuse = ConvNormAct(channels + part * len(self.grids), channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H, W)."""
        size = x.shape[2:]
        pooled = [F.interpolate(reduce(F.adaptive_avg_pool2d(x, grid)), size, mode='bilinear', align_corners=False)
                  for reduce, grid in zip(self.reduce, self.grids, strict=True)]
        return self.fuse(torch.cat([x, *pooled], dim=1))


class FPN(nn.Module):
    """Feature pyramid (Lin et al., arXiv:1612.03144) over the input and its halves: down, lateral, top-down sum.

    Args:
        channels: C.
        levels: Scales, the input's included.
    """

    def __init__(self, channels: int, levels: int = 3) -> None:
        super().__init__()
        self.down = nn.ModuleList(ConvNormAct(channels, channels, 3, stride=2) for _ in range(levels - 1))
        self.lateral = nn.ModuleList(nn.Conv2d(channels, channels, 1) for _ in range(levels))
        self.smooth = ConvNormAct(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H, W)."""
        scales = [x]
        for down in self.down:
            scales.append(down(scales[-1]))
        sides = [lateral(scale) for lateral, scale in zip(self.lateral, scales, strict=True)]
        merged = sides[-1]
        for side in sides[-2::-1]:
            merged = side + F.interpolate(merged, side.shape[2:], mode='bilinear', align_corners=False)
        return self.smooth(merged)
