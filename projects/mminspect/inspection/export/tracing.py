"""What is otherwise while a graph is made.

Some functions are replaced, so that every runtime computes what PyTorch does, and libraries do not talk about what is
none of the user's business.
"""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode


class TraceMode(TorchFunctionMode):
    """While it is active, every side of a tensor but the first is a number, also for a tracer.

    A tracer turns sides into operators, and whatever is computed from them, such as the indices of a mirrored border,
    into more operators, which runtimes refuse or are slow at. The first side, the batch, is left to it. The functions
    in :data:`REPLACED` are computed in other words.
    """

    def __torch_function__(self, func: Callable, types: Sequence[type], args: Sequence[Any] = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        """Call ``func``, with plain numbers where it asks for sides."""
        kwargs = kwargs or {}
        found = REPLACED.get(func, func)(*args, **kwargs)
        if func == Tensor.shape.__get__ or (func == Tensor.size and len(args) == 1 and not kwargs):
            return (*found[:1], *map(int, found[1:]))
        if func == Tensor.size:
            dim = args[1] if len(args) > 1 else kwargs['dim']
            return found if dim % args[0].dim() == 0 else int(found)
        return found


def sigmoid(input: Tensor) -> Tensor:
    """What :func:`torch.sigmoid` computes, also far below 0: ONNX Runtime's own operator is 0 below -18.

    Most pixels of a probability map lie there, and their order, which AUROC looks at, would be lost.
    """
    return 1 / (1 + (-input).exp())


def pooled(input: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
    """What :func:`torch.nn.functional.adaptive_avg_pool2d` computes, (..., H, W) to (..., h, w), as two products.

    It has no operator unless its cells are equally large.
    """
    grid = (output_size, output_size) if isinstance(output_size, int) else output_size
    rows, columns = (_means(int(side), cells or int(side), input)
                     for side, cells in zip(input.shape[-2:], grid, strict=True))
    return rows @ input @ columns.T


#: In place of which functions others are called.
REPLACED: dict[Callable, Callable] = {F.adaptive_avg_pool2d: pooled, torch.sigmoid: sigmoid, Tensor.sigmoid: sigmoid}


@contextmanager
def no_advice() -> Iterator[None]:
    """Without Python's log below errors: exporters and quantisers describe there what they leave as it is."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _means(side: int, cells: int, like: Tensor) -> Tensor:
    """(cells, side): what every position gives to the mean of each cell."""
    matrix = torch.zeros(cells, side, dtype=like.dtype, device=like.device)
    for cell in range(cells):
        first, end = cell * side // cells, -(-(cell + 1) * side // cells)
        matrix[cell, first:end] = 1 / (end - first)
    return matrix
