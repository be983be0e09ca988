"""Residual blocks of encoders and decoders: ResNet's (He et al., arXiv:1512.03385), mirrored or with RFAConv.

A decoder's block enlarges maps by a transposed convolution whose kernel is its stride (2 for a ResNet) where the
encoder's makes them smaller (reverse distillation, Deng and Li, CVPR 2022, arXiv:2201.10703).
"""
from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mminspect.core.options import check_option

from .conv import build_act, build_norm
from .rfa_conv import RFAConv

Resample = Literal['none', 'down', 'up']
RESAMPLES = ('none', 'down', 'up')


class _ResidualBlock(nn.Module):
    """``act(body(x) + shortcut(x))``; the shortcut resamples and adapts the width where that is needed."""

    def __init__(self, in_channels: int, out_channels: int, body: nn.Sequential, resample: Resample, factor: int,
                 norm: str | dict, act: str) -> None:
        super().__init__()
        self.body, self.shortcut = body, nn.Identity()
        if resample != 'none' or in_channels != out_channels:
            kernel = factor if resample == 'up' else 1
            self.shortcut = nn.Sequential(_conv(in_channels, out_channels, kernel, resample, factor),
                                          build_norm(norm, out_channels))
        self.act = build_act(act)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W'), of another size where it resamples."""
        return self.act(self.body(x).add_(self.shortcut(x)))  # a normalisation does not need its own output


class BasicBlock(_ResidualBlock):
    """Two 3 x 3 convolutions, the block of ResNet-18 and 34.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        resample: Whether to divide (``'down'``) or multiply (``'up'``) height and width by ``factor``.
        norm: See :func:`~anomaly_rd.models.layers.conv.build_norm`.
        act: See :func:`~anomaly_rd.models.layers.conv.build_act`.
        rfa: Put an RFAConv in front of the first convolution.
        factor: See ``resample``.
    """

    def __init__(self, in_channels: int, out_channels: int, resample: Resample = 'none', norm: str | dict = 'BN',
                 act: str = 'ReLU', rfa: bool = False, factor: int = 2) -> None:
        body = nn.Sequential(
            *([RFAConv(in_channels, in_channels, norm=norm, act=act)] if rfa else []),
            _conv(in_channels, out_channels, factor if resample == 'up' else 3, resample, factor),
            build_norm(norm, out_channels), build_act(act),
            _conv(out_channels, out_channels, 3), build_norm(norm, out_channels))
        super().__init__(in_channels, out_channels, body, resample, factor, norm, act)


class Bottleneck(_ResidualBlock):
    """1 x 1, 3 x 3 and 1 x 1 convolutions, the block of ResNet-50 and of Wide ResNet-50-2.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        resample: Whether to divide (``'down'``) or multiply (``'up'``) height and width by ``factor``.
        norm: See :func:`~anomaly_rd.models.layers.conv.build_norm`.
        act: See :func:`~anomaly_rd.models.layers.conv.build_act`.
        rfa: Put an RFAConv in front of the middle convolution.
        wide: Half instead of a quarter of ``out_channels`` inside.
        factor: See ``resample``.
    """

    def __init__(self, in_channels: int, out_channels: int, resample: Resample = 'none', norm: str | dict = 'BN',
                 act: str = 'ReLU', rfa: bool = False, wide: bool = False, factor: int = 2) -> None:
        width = out_channels // (2 if wide else 4)
        body = nn.Sequential(
            _conv(in_channels, width, 1), build_norm(norm, width), build_act(act),
            *([RFAConv(width, width, norm=norm, act=act)] if rfa else []),
            _conv(width, width, factor if resample == 'up' else 3, resample, factor), build_norm(norm, width),
            build_act(act),
            _conv(width, out_channels, 1), build_norm(norm, out_channels))
        super().__init__(in_channels, out_channels, body, resample, factor, norm, act)


def residual_stage(block: Literal['basic', 'bottleneck'], blocks: int, in_channels: int, out_channels: int,
                   resample: Resample, wide: bool = False, factor: int = 2,
                   **options: str | dict | bool) -> nn.Sequential:
    """``blocks`` residual blocks, of which the first resamples and changes the width.

    Args:
        block: Kind of block.
        blocks: At least 1.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        resample: What the first block does to height and width.
        wide: As for :class:`Bottleneck`; without meaning for basic blocks.
        factor: What the first block divides or multiplies height and width by; 1 is ``resample='none'``.
        options: ``norm``, ``act`` and ``rfa`` of every block.

    Raises:
        UserError: ``block`` or ``resample`` has another value than those named.
    """
    check_option('block', block, ('basic', 'bottleneck'))
    check_option('resample', resample, RESAMPLES)
    if block == 'bottleneck':
        options['wide'] = wide
    kind = Bottleneck if block == 'bottleneck' else BasicBlock
    first = kind(in_channels, out_channels, 'none' if factor == 1 else resample, factor=factor, **options)
    return nn.Sequential(first, *(kind(out_channels, out_channels, **options) for _ in range(blocks - 1)))


def _conv(in_channels: int, out_channels: int, kernel: int, resample: Resample = 'none',
          factor: int = 2) -> nn.Module:
    """Convolution without bias that keeps, divides or (transposed, without overlap) multiplies height and width."""
    if resample == 'up':
        return nn.ConvTranspose2d(in_channels, out_channels, kernel, stride=factor, bias=False)
    stride = factor if resample == 'down' else 1
    return nn.Conv2d(in_channels, out_channels, kernel, stride, (kernel - 1) // 2, bias=False)
