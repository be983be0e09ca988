"""Heads of OpenMMLab's detectors, whose layers follow autocast and whose losses and boxes are in float32.

mmdet computes a head's losses inside of the autocast of a step. There, ``Integral`` of GFL multiplies in half
precision, which moves the sides of a box by up to 0.07 of a stride, and overlaps, targets of quality and losses follow.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import WeakSet

from mmengine.model import BaseModule
from torch import Tensor, nn

from .precision import HALVES, autocast_around, in_float32

#: What a class with one of these is called here: a head.
LOSSES = ('loss_by_feat', 'loss_and_target')
#: Methods of mmdet's heads that make losses or boxes of what the layers gave; assigners run in them.
BEHIND_LAYERS = (*LOSSES, 'predict_by_feat', 'refine_bboxes')

_changed: WeakSet[Callable] = WeakSet()


def install_float32_heads() -> None:
    """Change every head, those of mmdet and those of somebody else, that is defined so far or later: what is behind its
    layers is float32 inside of autocast, on any device, in training and validation. Calling it again changes nothing.

    The losses and everything else in :data:`BEHIND_LAYERS` take float32 and run outside of autocast; what ``forward``
    computes behind the last layers (see :func:`float32_outputs`) is in float32 as well. Towers stay in half precision,
    and so does what is computed inside of them, as the offsets of VFNet's deformable convolutions.
    """
    if '__init_subclass__' in vars(BaseModule):
        return

    def __init_subclass__(cls: type[nn.Module], **kwargs: Any) -> None:
        super(BaseModule, cls).__init_subclass__(**kwargs)
        _change(cls)

    BaseModule.__init_subclass__ = classmethod(__init_subclass__)
    for cls in _descendants(BaseModule):
        _change(cls)


@contextmanager
def float32_outputs(head: nn.Module) -> Iterator[None]:
    """In the block, and inside of autocast, the last layers of a head give float32: what it computes from them, be it a
    score, a scale or a box, is not in half precision.

    Last layers are the head's own children that are convolutions or linear layers, but for those that keep the number
    of channels (a hidden one, as the RPN has), or sequences that end in one.
    """
    last = [] if autocast_around(head) is None else filter(_is_last, head.children())
    handles = [layer.register_forward_hook(_give_float32) for layer in last]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _is_last(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Sequential):
        return len(layer) > 0 and isinstance(layer[-1], (nn.Conv2d, nn.Linear))
    if isinstance(layer, nn.Linear):
        return layer.in_features != layer.out_features
    return isinstance(layer, nn.Conv2d) and layer.in_channels != layer.out_channels


def _give_float32(layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    return output.float() if output.dtype in HALVES else output


def _descendants(cls: type) -> Iterator[type]:
    """All classes that are derived from one, some more than once."""
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)


def _change(cls: type[nn.Module]) -> None:
    """Change a class if it is a head; its parents first, so that it is changed only in what is its own."""
    for kind in reversed(cls.__mro__):
        if issubclass(kind, BaseModule) and any(hasattr(kind, name) for name in LOSSES):
            for name in BEHIND_LAYERS:
                _replace(kind, name, in_float32)
            _replace(kind, 'forward', _with_float32_outputs)


def _replace(cls: type[nn.Module], name: str, change: Callable[[Callable], Callable]) -> None:
    """Change a method unless it is missing or has been changed already, in this class or where it is inherited from."""
    method = getattr(cls, name, None)
    if callable(method) and method not in _changed and method is not nn.Module.forward:
        method = change(method)
        _changed.add(method)
        setattr(cls, name, method)


def _with_float32_outputs(forward: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(forward)
    def computed(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        with float32_outputs(self):
            return forward(self, *args, **kwargs)

    return computed
