"""The model inside of what distributed training puts around it, and its parts."""
from __future__ import annotations

from mmengine.model import is_model_wrapper
from torch import nn

from mminspect.core.errors import UserError


def unwrap(model: nn.Module) -> nn.Module:
    """The model without its DDP wrapper; itself where it has none."""
    return model.module if is_model_wrapper(model) else model


def part_of(model: nn.Module, name: str) -> nn.Module:
    """The submodule that an entry of ``optim_wrapper`` names.

    Raises:
        UserError: The model has no such submodule.
    """
    children = dict(model.named_children())
    if name not in children:
        raise UserError(f'optim_wrapper has an entry {name!r}, but {type(model).__name__} has no such part: name one '
                        f'of {", ".join(children)}')
    return children[name]
