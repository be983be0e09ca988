"""Convolution, normalisation, activation: what fusions and residual blocks are made of, and its parts by name."""
from __future__ import annotations

from torch import nn

from mminspect.core.options import check_option

from .bcn import BatchChannelNorm

NORMS: dict[str, type[nn.Module]] = {'BN': nn.BatchNorm2d, 'BCN': BatchChannelNorm}


class ConvNormAct(nn.Sequential):
    """Convolution without bias, normalisation, activation; padding (kernel - 1) // 2.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel: Side of the kernel, odd.
        stride: The output has 1 / stride of the input's height and width.
        norm: See :func:`build_norm`.
        act: See :func:`build_act`.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, norm: str | dict = 'BN',
                 act: str = 'ReLU') -> None:
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel, stride, (kernel - 1) // 2, bias=False),
            build_norm(norm, out_channels), build_act(act))


def build_norm(norm: str | dict, channels: int) -> nn.Module:
    """The normalisation of ``channels`` channels.

    Args:
        norm: ``'BN'`` or ``'BCN'``, or a dict with that as ``type`` and the layer's arguments beside it, as in
            ``dict(type='BCN', clamp_iota=True)``.
        channels: C of the input.

    Raises:
        UserError: There is none of that name.
    """
    arguments = dict(norm) if isinstance(norm, dict) else dict(type=norm)
    kind = arguments.pop('type', None)
    check_option('norm', kind, NORMS)
    return NORMS[kind](channels, **arguments)


def build_act(name: str) -> nn.Module:
    """The activation ``'ReLU'`` (in place) or ``'SiLU'``.

    Raises:
        UserError: There is none of that name.
    """
    check_option('act', name, ('ReLU', 'SiLU'))
    # The backward pass of SiLU needs its input, so that working in place would save nothing.
    return nn.ReLU(inplace=True) if name == 'ReLU' else nn.SiLU()
