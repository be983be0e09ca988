"""Multiply-adds of everything that runs inside a ``with`` block, without running a model's arithmetic.

mmengine's ``get_model_complexity_info`` traces a real forward pass: seconds per model, no meta tensors, and a crash at
operators it does not know. This counter sees every operator as PyTorch dispatches it, so tensors without data
(``device='meta'``) suffice and any control flow is allowed. Rules and numbers are mmengine's.
"""
from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

Arguments = tuple[Any, ...]


class OpCounter(TorchDispatchMode):
    """Counts while it is active.

    Attributes:
        counted: Multiply-adds by operator, as mmengine counts them: convolutions and matrix products exactly, norms
            with 2 (batch, eval) or 5 (group, layer) per element, interpolation and global pooling with 1 or 4.
        uncounted: Multiply-adds by operator that mmengine leaves out of its total and that are worth knowing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Arguments = (), kwargs: dict | None = None) -> Any:
        """Run the operator and add what it costs."""
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in _COUNTED:
            label, rule = _COUNTED[name]
            self.counted[label] += int(rule(args, out))
        elif name == 'mean' and args[1:] == ([-1, -2], True):  # what adaptive_avg_pool2d to 1x1 turns into
            self.counted['pooling'] += args[0].numel()
        elif name in ('addcmul', 'addcmul_'):
            self.uncounted['reassembly (addcmul)'] += args[0].numel()
        return out

    def add_extension_call(self, name: str, args: Arguments, kwargs: dict[str, Any]) -> None:
        """Add a call of one of mmcv's compiled operators, which PyTorch's dispatcher does not see."""
        label, rule = _EXTENSION.get(name, (f'mmcv {name}, cost unknown', lambda args, kwargs: 0))
        self.uncounted[label] += rule(args, kwargs)


def _convolution(args: Arguments, out: Tensor) -> int:
    x, weight, transposed = args[0], args[1], args[6]
    return x.shape[0] * prod(weight.shape) * prod((x if transposed else out).shape[2:])


def _batch_norm(args: Arguments, out: Any) -> int:
    affine, training = args[1] is not None, args[5]
    return args[0].numel() * ((5 if affine else 4) if training else (2 if affine else 1))


def _norm(weight: int) -> Callable[[Arguments, Any], int]:
    return lambda args, out: args[0].numel() * (5 if args[weight] is not None else 4)


def _product(left: int) -> Callable[[Arguments, Any], int]:
    """(..., m, k) times (..., k, n) with the left factor at this position of the arguments."""
    return lambda args, out: args[left].numel() * (args[left + 1].shape[-1] if args[left + 1].dim() > 1 else 1)


_COUNTED: dict[str, tuple[str, Callable[[Arguments, Any], float]]] = {
    'convolution': ('convolution', _convolution),
    'mm': ('matrix product', _product(0)),
    'bmm': ('matrix product', _product(0)),
    'mv': ('matrix product', _product(0)),
    'dot': ('matrix product', _product(0)),
    'addmm': ('matrix product', _product(1)),
    'native_batch_norm': ('batch norm', _batch_norm),
    'native_group_norm': ('group norm', _norm(1)),
    'native_layer_norm': ('layer norm', _norm(2)),
    'upsample_nearest2d': ('interpolation', lambda args, out: out.numel()),
    'upsample_bilinear2d': ('interpolation', lambda args, out: 4 * out.numel()),
    'grid_sampler_2d': ('interpolation', lambda args, out: 4 * out.numel()),
    '_adaptive_avg_pool2d': ('pooling', lambda args, out: args[0].numel()),
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
        with torch.no_grad(), counter:
            yield counter
    finally:
        for module, extension in original.items():
            module.ext_module = extension
