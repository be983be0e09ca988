"""Multi-scale feature fusion by concatenation."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from anomaly_rd.models.layers import ConvNormAct
from anomaly_rd.registry import MODELS


@MODELS.register_module()
class MFF(nn.Module):
    """Bring levels 1 and 2 to the size and width of level 3 by strided convolutions and concatenate all three.

    Deng and Li, "Anomaly Detection via Reverse Distillation from One-Class Embedding", CVPR 2022, arXiv:2201.10703.

    Args:
        channels: Channels (c1, c2, c3) of the teacher's three levels.

    Attributes:
        out_channels: 3 * c3.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        c1, c2, c3 = channels
        self.level1 = nn.Sequential(ConvNormAct(c1, c2, 3, 2), ConvNormAct(c2, c3, 3, 2))
        self.level2 = ConvNormAct(c2, c3, 3, 2)
        self.out_channels = 3 * c3

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Fuse (N, c1, 4h, 4w), (N, c2, 2h, 2w) and (N, c3, h, w) to (N, 3 * c3, h, w)."""
        f1, f2, f3 = features
        f1, f2 = self.level1(f1), self.level2(f2)
        return torch.cat((f1, f2, f3.to(f1.dtype)), 1)
