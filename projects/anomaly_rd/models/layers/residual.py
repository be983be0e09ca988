"""Residual blocks of encoders and decoders: ResNet's (He et al., arXiv:1512.03385), mirrored or with RFAConv.

A decoder's block doubles height and width by a transposed 2 x 2 convolution with stride 2 where the encoder's halves
them (reverse distillation, Deng and Li, CVPR 2022, arXiv:2201.10703).
"""
from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from .act import build_act
from .norm import build_norm
from .options import check_option
from .rfa_conv import RFAConv

Resample = Literal['none', 'down', 'up']
RESAMPLES = ('none', 'down', 'up')


class _ResidualBlock(nn.Module):
    """``act(body(x) + shortcut(x))``; the shortcut resamples and adapts the width where that is needed."""

    def __init__(self, in_channels: int, out_channels: int, body: nn.Sequential, resample: Resample,
                 norm: str | dict, act: str) -> None:
        super().__init__()
        self.body, self.shortcut = body, nn.Identity()
        if resample != 'none' or in_channels != out_channels:
            kernel = 2 if resample == 'up' else 1
            self.shortcut = nn.Sequential(_conv(in_channels, out_channels, kernel, resample),
                                          build_norm(norm, out_channels))
        self.act = build_act(act)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W'), half or double the size where it resamples."""
        return self.act(self.body(x).add_(self.shortcut(x)))  # a normalisation does not need its own output


class BasicBlock(_ResidualBlock):
    """Two 3 x 3 convolutions, the block of ResNet-18 and 34.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        resample: Whether to halve (``'down'``) or double (``'up'``) height and width.
        norm: See :func:`~anomaly_rd.models.layers.norm.build_norm`.
        act: See :func:`~anomaly_rd.models.layers.act.build_act`.
        rfa: Put an RFAConv in front of the first convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, resample: Resample = 'none', norm: str | dict = 'BN',
                 act: str = 'ReLU', rfa: bool = False) -> None:
        body = nn.Sequential(
            *([RFAConv(in_channels, in_channels, norm=norm, act=act)] if rfa else []),
            _conv(in_channels, out_channels, 2 if resample == 'up' else 3, resample),
            build_norm(norm, out_channels), build_act(act),
            _conv(out_channels, out_channels, 3), build_norm(norm, out_channels))
        super().__init__(in_channels, out_channels, body, resample, norm, act)


class Bottleneck(_ResidualBlock):
    """1 x 1, 3 x 3 and 1 x 1 convolutions, the block of ResNet-50 and of Wide ResNet-50-2.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        resample: Whether to halve (``'down'``) or double (``'up'``) height and width.
        norm: See :func:`~anomaly_rd.models.layers.norm.build_norm`.
        act: See :func:`~anomaly_rd.models.layers.act.build_act`.
        rfa: Put an RFAConv in front of the middle convolution.
        wide: Half instead of a quarter of ``out_channels`` inside.
    """

    def __init__(self, in_channels: int, out_channels: int, resample: Resample = 'none', norm: str | dict = 'BN',
                 act: str = 'ReLU', rfa: bool = False, wide: bool = False) -> None:
        width = out_channels // (2 if wide else 4)
        body = nn.Sequential(
            _conv(in_channels, width, 1), build_norm(norm, width), build_act(act),
            *([RFAConv(width, width, norm=norm, act=act)] if rfa else []),
            _conv(width, width, 2 if resample == 'up' else 3, resample), build_norm(norm, width), build_act(act),
            _conv(width, out_channels, 1), build_norm(norm, out_channels))
        super().__init__(in_channels, out_channels, body, resample, norm, act)


def residual_stage(block: Literal['basic', 'bottleneck'], blocks: int, in_channels: int, out_channels: int,
                   resample: Resample, wide: bool = False, **options: str | dict | bool) -> nn.Sequential:
    """``blocks`` residual blocks, of which the first resamples and changes the width.

    Args:
        block: Kind of block.
        blocks: At least 1.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        resample: What the first block does to height and width.
        wide: As for :class:`Bottleneck`; without meaning for basic blocks.
        options: ``norm``, ``act`` and ``rfa`` of every block.

    Raises:
        UserError: ``block`` or ``resample`` has another value than those named.
    """
    check_option('block', block, ('basic', 'bottleneck'))
    check_option('resample', resample, RESAMPLES)
    if block == 'bottleneck':
        options['wide'] = wide
    kind = Bottleneck if block == 'bottleneck' else BasicBlock
    first = kind(in_channels, out_channels, resample, **options)
    return nn.Sequential(first, *(kind(out_channels, out_channels, **options) for _ in range(blocks - 1)))


def _conv(in_channels: int, out_channels: int, kernel: int, resample: Resample = 'none') -> nn.Module:
    """Convolution without bias that keeps, halves or (2 x 2, transposed) doubles height and width."""
    if resample == 'up':
        return nn.ConvTranspose2d(in_channels, out_channels, kernel, stride=2, bias=False)
    return nn.Conv2d(in_channels, out_channels, kernel, 2 if resample == 'down' else 1, (kernel - 1) // 2, bias=False)
