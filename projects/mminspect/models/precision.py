"""Float32 inside of mixed precision, where half precision does harm: losses, assigners, decoded boxes.

Autocast computes matrix products in half precision, also those of a loss, and leaves the outputs of layers in it.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn

HALVES = (torch.float16, torch.bfloat16)


def active_autocast(device_type: str) -> torch.dtype | None:
    """What autocast computes in on this type of device now; None where it is off, or unknown there ('meta')."""
    if torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type):
        return torch.get_autocast_dtype(device_type)
    return None


def autocast_around(module: nn.Module) -> torch.dtype | None:
    """The same on the device of a module's first parameter, the CPU where it has none."""
    return active_autocast(next((parameter.device.type for parameter in module.parameters()), 'cpu'))


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that computes in float32 inside of autocast, as it does outside of it.

    Half-precision tensors among its arguments, also in lists, tuples and dicts, come in as float32; gradients return in
    the precision that these had. Outside of autocast nothing changes, not even for a network that is in half precision.
    """

    @wraps(function)
    def computed(*args: Any, **kwargs: Any) -> Any:
        device_type = next((tensor.device.type for tensor in _tensors((args, kwargs))), 'cpu')
        if active_autocast(device_type) is None:
            return function(*args, **kwargs)
        with torch.autocast(device_type, enabled=False):
            return function(*lifted(args), **lifted(kwargs))

    return computed


def lifted(value: Any) -> Any:
    """``value`` with float32 in place of half-precision tensors, also in lists, tuples and dicts; itself where it has
    none."""
    if isinstance(value, Tensor):
        return value.float() if value.dtype in HALVES else value
    if isinstance(value, dict):
        keys, before = list(value), list(value.values())
        entries = [lifted(entry) for entry in before]
        return value if _same(before, entries) else dict(zip(keys, entries, strict=True))
    if type(value) in (list, tuple):
        entries = [lifted(entry) for entry in value]
        return value if _same(value, entries) else type(value)(entries)
    return value


@contextmanager
def losses_in_float32(model: nn.Module) -> Iterator[None]:
    """In the block and inside of autocast, every submodule whose class is named as those of losses are, ``...Loss``, is
    :func:`in_float32`.

    A loss that a model computes without such a module is what autocast makes of it: it takes ``F.mse_loss`` and most of
    its kind to float32 by itself, yet not ``F.cosine_similarity`` on a CPU. :func:`in_float32` is for these.
    """
    losses = [] if autocast_around(model) is None else [
        module for module in model.modules()
        if type(module).__name__.endswith('Loss') and 'forward' not in vars(module)]
    for loss in losses:
        loss.forward = in_float32(loss.forward)
    try:
        yield
    finally:
        for loss in losses:
            del loss.forward


def _same(before: Sequence[Any], after: Sequence[Any]) -> bool:
    return all(a is b for a, b in zip(before, after, strict=True))


def _tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in lists, tuples and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _tensors(entry)
