"""Attention of the teacher: each module re-weights a feature map of shape (N, C, H, W) and keeps its shape.

Sources: SE, Hu et al., CVPR 2018, arXiv:1709.01507; CBAM, Woo et al., ECCV 2018, arXiv:1807.06521; SimAM, Yang et al.,
ICML 2021. FDRD places one instance behind every output level of the teacher's neck.
"""
from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class SE(BaseModule):
    """Squeeze-and-excitation: one gate in (0, 1) per channel from the global mean (arXiv:1709.01507, eq. 2-4).

    Args:
        channels: C of the input.
        reduction: C divided by the hidden width; 8 in FDRD's code, 16 in the SE paper.
    """

    def __init__(self, channels: int, reduction: int = 8, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        hidden = hidden_width(channels, reduction)
        self.squeeze = nn.Linear(channels, hidden, bias=False)
        self.excite = nn.Linear(hidden, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` of shape (N, C, H, W)."""
        gate = self.excite(torch.relu(self.squeeze(x.mean(dim=(2, 3))))).sigmoid()
        return x * gate[:, :, None, None].to(x.dtype)


@MODELS.register_module()
class CBAM(BaseModule):
    """A channel gate from mean and maximum, then a spatial gate from both over channels (arXiv:1807.06521, eq. 1-3).

    Args:
        channels: C of the input.
        reduction: C divided by the hidden width of the shared MLP.
        spatial_kernel: Side of the spatial gate's convolution, odd.
        residual: Add the input to the output, as FDRD's released code does and the paper of CBAM does not.
    """

    def __init__(self, channels: int, reduction: int = 8, spatial_kernel: int = 7, residual: bool = False,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        hidden = hidden_width(channels, reduction)
        self.mlp = nn.Sequential(nn.Linear(channels, hidden, bias=False), nn.ReLU(),
                                 nn.Linear(hidden, channels, bias=False))
        self.spatial = nn.Conv2d(2, 1, spatial_kernel, padding=spatial_kernel // 2)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` of shape (N, C, H, W)."""
        channel_gate = (self.mlp(x.mean(dim=(2, 3))) + self.mlp(x.amax(dim=(2, 3)))).sigmoid()
        gated = x * channel_gate[:, :, None, None].to(x.dtype)
        summary = torch.cat([gated.amax(dim=1, keepdim=True), gated.mean(dim=1, keepdim=True)], dim=1)
        out = gated * self.spatial(summary).sigmoid().to(x.dtype)
        return out + x if self.residual else out


@MODELS.register_module()
class SimAM(BaseModule):
    """Parameter-free gate from each element's squared distance to its channel mean (Yang et al., ICML 2021, eq. 5).

    Args:
        channels: C of the input; accepted so that all attention modules are built alike, not used.
        e_lambda: Regulariser of the variance.
    """

    def __init__(self, channels: int | None = None, e_lambda: float = 1e-4, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.e_lambda = e_lambda

    def forward(self, x: Tensor) -> Tensor:
        """Gate ``x`` of shape (N, C, H, W); a 1x1 map, which has no variance, gets the neutral energy 0.5."""
        wide = x.float()
        distance = (wide - wide.mean(dim=(2, 3), keepdim=True)).square()
        others = max(x.shape[2] * x.shape[3] - 1, 1)
        variance = distance.sum(dim=(2, 3), keepdim=True) / others
        energy = distance / (4 * (variance + self.e_lambda)) + 0.5
        return x * energy.sigmoid().to(x.dtype)


def hidden_width(channels: int, reduction: int) -> int:
    """C/r, at least 1.

    Raises:
        ValueError: ``reduction`` is not positive.
    """
    if reduction < 1:
        raise ValueError(f'reduction must be at least 1, got {reduction}')
    return max(channels // reduction, 1)
