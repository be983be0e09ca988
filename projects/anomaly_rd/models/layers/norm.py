"""Normalisation layers by name."""
from __future__ import annotations

from torch import nn

from mminspect.core.errors import UserError

from .bcn import BatchChannelNorm

NORMS: dict[str, type[nn.Module]] = {'BN': nn.BatchNorm2d, 'BCN': BatchChannelNorm}


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
    if kind not in NORMS:
        raise UserError(f'norm is {kind!r}, known are {" and ".join(NORMS)}: change it in the config')
    return NORMS[kind](channels, **arguments)
