"""Residual attention with one down- and upsampling.

Wang et al., "Residual Attention Network for Image Classification", CVPR 2017, arXiv:1704.06904, cut to a single stage.
"""
from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.registry import MODELS
from mminspect.core.options import check_option


class PreActBottleneck(nn.Module):
    """``x`` plus BatchNorm, ReLU and convolution, three times: 1 x 1 to a quarter of the channels, 3 x 3, 1 x 1 back.

    Args:
        channels: C, a multiple of 4.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.body = nn.Sequential(*_norm_act_conv(channels, inner, 1), *_norm_act_conv(inner, inner, 3),
                                  *_norm_act_conv(inner, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H, W)."""
        return x + self.body(x)


@MODELS.register_module()
class ResidualAttention(nn.Module):
    """A trunk of two residual blocks, weighted by a mask in (0, 1) that is predicted at half the size.

    Args:
        channels: C, a multiple of 4.
        attend: ``'residual'``: (1 + mask) * trunk, as in the paper; ``'product'``: mask * trunk.

    Raises:
        UserError: Unknown ``attend``.
    """

    def __init__(self, channels: int, attend: Literal['residual', 'product'] = 'residual') -> None:
        super().__init__()
        check_option('attention.attend', attend, ('residual', 'product'))
        self.offset = 1.0 if attend == 'residual' else 0.0
        self.trunk = nn.Sequential(PreActBottleneck(channels), PreActBottleneck(channels))
        self.down = nn.Sequential(nn.MaxPool2d(3, 2, 1), PreActBottleneck(channels))
        self.skip = PreActBottleneck(channels)
        self.gate = nn.Sequential(*_norm_act_conv(channels, channels, 1), *_norm_act_conv(channels, channels, 1),
                                  nn.Sigmoid())
        self.out = nn.Sequential(PreActBottleneck(channels), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, H, W), not negative."""
        return self.out((self.offset + self.mask(x)) * self.trunk(x))

    def mask(self, x: Tensor) -> Tensor:
        """Weights (N, C, H, W) in (0, 1)."""
        coarse = F.interpolate(self.down(x), x.shape[2:], mode='bilinear', align_corners=True)
        return self.gate(coarse + self.skip(x))


def _norm_act_conv(in_channels: int, out_channels: int, kernel: int) -> tuple[nn.Module, ...]:
    """Not in place, so that gradients can be taken through hooks."""
    return (nn.BatchNorm2d(in_channels), nn.ReLU(),
            nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False))
