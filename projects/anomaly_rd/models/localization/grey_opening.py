"""Removal of specks from maps."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: OpenCV's ellipse of 3 x 3, (row, column) from the centre.
CROSS = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))


class GreyOpening(nn.Module):
    """Grey-scale opening with a 3 x 3 ellipse, which is a cross: the minimum over it, then the maximum over that.

    Every threshold of the result is the opening of the threshold of the map. Nothing comes in from outside the map.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Open maps (N, H, W); same shape."""
        return -_eroded(-_eroded(maps))


def _eroded(maps: Tensor) -> Tensor:
    height, width = maps.shape[1:]
    padded = F.pad(maps, (1, 1, 1, 1), value=torch.inf)
    shifted = [padded[:, 1 + y:1 + y + height, 1 + x:1 + x + width] for y, x in CROSS]
    return torch.stack(shifted).amin(0)
