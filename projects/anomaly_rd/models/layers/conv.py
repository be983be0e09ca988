"""The convolution that all fusion modules are made of."""
from __future__ import annotations

from torch import nn

from .act import build_act
from .norm import build_norm


class ConvNormAct(nn.Sequential):
    """Convolution without bias, normalisation, activation; padding (kernel - 1) // 2.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel: Side of the kernel, odd.
        stride: The output has 1 / stride of the input's height and width.
        norm: See :func:`~anomaly_rd.models.layers.norm.build_norm`.
        act: See :func:`~anomaly_rd.models.layers.act.build_act`.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, norm: str | dict = 'BN',
                 act: str = 'ReLU') -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel, stride, (kernel - 1) // 2, bias=False),
            build_norm(norm, out_channels), build_act(act))
