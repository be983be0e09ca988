"""Multiply-adds of everything that runs inside a ``with`` block, without running a model's arithmetic.

mmengine's ``get_model_complexity_info`` traces a real forward pass: seconds per model, no meta tensors, and a crash at
operators it does not know. torch's ``FlopCounterMode`` sees every operator as it is dispatched, so tensors without data
(``device='meta'``) suffice and any control flow is allowed; it counts convolutions and matrix products, a multiply-add
as two operations. The rules here are for what mmengine counts besides, with mmengine's numbers, and for mmcv's
compiled operators, which torch does not see.
"""
from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

Arguments = tuple[Any, ...]
Shape = Sequence[int]
#: Operations by the shapes of an operator's arguments.
Rule = Callable[..., int]

aten = torch.ops.aten
#: torch's rules count a multiplication and an addition as two.
PER_MULTIPLY_ADD = 2
#: What operators are called in results, for those that torch has rules for.
_LABELS = {aten.mm: 'matrix product', aten.bmm: 'matrix product', aten.addmm: 'matrix product',
           aten.baddbmm: 'matrix product', aten.convolution: 'convolution'}


class OpCounter:
    """Counts while :func:`counting` is active."""

    def __init__(self) -> None:
        self.mode = FlopCounterMode(display=False, custom_mapping={
            operator: rule for packet, (_, rule) in {**_COUNTED, **_UNCOUNTED}.items()
            for operator in (packet, *_overloads(packet))})
        self._extension: Counter[str] = Counter()

    @property
    def counted(self) -> Counter[str]:
        """Multiply-adds by operator, as mmengine counts them: convolutions and matrix products exactly, norms with 2
        (batch, eval) or 5 (group, layer) per element, interpolation and global pooling with 1 or 4."""
        found: Counter[str] = Counter()
        for packet, number in self._by_operator():
            if packet in _COUNTED:
                found[_COUNTED[packet][0]] += number
            elif packet not in _UNCOUNTED:
                found[_LABELS.get(packet, packet.__name__)] += number // PER_MULTIPLY_ADD
        return +found

    @property
    def uncounted(self) -> Counter[str]:
        """Multiply-adds by operator that mmengine leaves out of its total and that are worth knowing."""
        found = self._extension.copy()
        for packet, number in self._by_operator():
            if packet in _UNCOUNTED:
                found[_UNCOUNTED[packet][0]] += number
        return found

    def _by_operator(self) -> Iterator[tuple[Any, int]]:
        yield from self.mode.get_flop_counts().get('Global', {}).items()

    def add_extension_call(self, name: str, args: Arguments, kwargs: dict[str, Any]) -> None:
        """Add a call of one of mmcv's compiled operators, which PyTorch's dispatcher does not see."""
        label, rule = _EXTENSION.get(name, (f'mmcv {name}, cost unknown', lambda args, kwargs: 0))
        self._extension[label] += rule(args, kwargs)


def _overloads(packet: Any) -> list[Any]:
    """Torch's counter takes apart every operator that it does not find by its overload, before it looks for a rule."""
    return [getattr(packet, name) for name in packet.overloads()]


def _batch_norm(x: Shape, weight: Shape | None, bias: Any, mean: Any, var: Any, training: bool, *args: Any,
                **kwargs: Any) -> int:
    affine = weight is not None
    return prod(x) * ((5 if affine else 4) if training else (2 if affine else 1))


def _group_norm(x: Shape, weight: Shape | None, *args: Any, **kwargs: Any) -> int:
    return prod(x) * (5 if weight is not None else 4)


def _layer_norm(x: Shape, normalized_shape: Shape, weight: Shape | None, *args: Any, **kwargs: Any) -> int:
    return prod(x) * (5 if weight is not None else 4)


def _of_input(x: Shape, *args: Any, **kwargs: Any) -> int:
    return prod(x)


def _of_output(weight: int) -> Rule:
    return lambda *args, out_shape, **kwargs: weight * prod(out_shape)


def _distances(left: Shape, right: Shape, *args: Any, **kwargs: Any) -> int:
    return prod(left) * right[-2]


def _mean(x: Shape, dims: Sequence[int] | None = None, keepdim: bool = False, **kwargs: Any) -> int:
    """What adaptive_avg_pool2d to 1x1 turns into; any other mean is not counted."""
    return prod(x) if (dims, keepdim) == ([-1, -2], True) else 0


_COUNTED: dict[Any, tuple[str, Rule]] = {
    aten.mv: ('matrix product', _of_input),
    aten.dot: ('matrix product', _of_input),
    aten.native_batch_norm: ('batch norm', _batch_norm),
    aten.native_group_norm: ('group norm', _group_norm),
    aten.native_layer_norm: ('layer norm', _layer_norm),
    aten.upsample_nearest2d: ('interpolation', _of_output(1)),
    aten.upsample_bilinear2d: ('interpolation', _of_output(4)),
    aten.grid_sampler_2d: ('interpolation', _of_output(4)),
    aten._adaptive_avg_pool2d: ('pooling', _of_input),
    aten.mean: ('pooling', _mean),
}
_UNCOUNTED: dict[Any, tuple[str, Rule]] = {
    aten._cdist_forward: ('distances (cdist)', _distances),
    aten._euclidean_dist: ('distances (cdist)', _distances),
    aten.addcmul: ('reassembly (addcmul)', _of_input),
    aten.addcmul_: ('reassembly (addcmul)', _of_input),
}


def _deformable(out: int) -> Callable[[Arguments, dict[str, Any]], int]:
    """Product of the sampled values with the weights; the bilinear sampling itself is not in it."""
    return lambda args, kwargs: args[0].shape[0] * prod(args[1].shape) * prod(args[out].shape[2:])


#: Arguments are given as mmcv/ops/*.py give them to the compiled operators.
_EXTENSION: dict[str, tuple[str, Callable[[Arguments, dict[str, Any]], int]]] = {
    'deform_conv_forward': ('deformable convolution', _deformable(3)),
    'modulated_deform_conv_forward': ('deformable convolution', _deformable(6)),
    'carafe_forward': ('reassembly (CARAFE)', lambda args, kwargs: args[5].numel() * kwargs['kernel_size']**2),
}


class _Recorder:
    """Stands in for mmcv's compiled extension: every operator is noted and computes nothing.

    mmcv allocates an operator's result and passes it in to be filled, so shapes stay right.
    """

    def __init__(self, counter: OpCounter) -> None:
        self._counter = counter

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *args, **kwargs: self._counter.add_extension_call(name, args, kwargs)


@contextmanager
def counting() -> Iterator[OpCounter]:
    """Count everything in the block, without gradients; mmcv's compiled operators are noted instead of run."""
    counter, original = OpCounter(), {}
    for name, module in list(sys.modules.items()):
        if name.startswith('mmcv.ops.') and hasattr(module, 'ext_module'):
            original[module], module.ext_module = module.ext_module, _Recorder(counter)
    try:
        with torch.no_grad(), counter.mode:
            yield counter
    finally:
        for module, extension in original.items():
            module.ext_module = extension
