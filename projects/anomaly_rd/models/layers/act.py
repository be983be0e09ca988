"""Activations by name."""
from __future__ import annotations

from torch import nn

from mminspect.core.errors import UserError


def build_act(name: str) -> nn.Module:
    """The activation ``'ReLU'`` (in place) or ``'SiLU'``.

    Raises:
        UserError: There is none of that name.
    """
    if name == 'ReLU':
        return nn.ReLU(inplace=True)
    if name == 'SiLU':
        return nn.SiLU()  # its backward pass needs its input, so that working in place would save nothing
    raise UserError(f'act is {name!r}, known are ReLU and SiLU: change it in the config')
