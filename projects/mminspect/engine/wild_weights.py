"""Weights that no training leaves and no network can use."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

#: No weight of a network that has learnt something comes near; beyond, products of a few are infinite.
LARGEST_WEIGHT = 1e10


def wild_weights(weights: Mapping[str, Any]) -> list[str]:
    """Names of the tensors of floating-point numbers that hold NaN, infinity or a value beyond :data:`LARGEST_WEIGHT`.

    A mask, of zeros and infinities alone, is none of them.
    """
    return [str(name) for name, value in weights.items()
            if isinstance(value, Tensor) and value.is_floating_point() and not _is_tame(value.detach())]


def _is_tame(value: Tensor) -> bool:
    if not value.numel() or value.is_meta:
        return True
    low, high = torch.aminmax(value.float() if value.itemsize < 4 else value)
    if low >= -LARGEST_WEIGHT and high <= LARGEST_WEIGHT:  # NaN is neither
        return True
    return bool((torch.isinf(value) | (value == 0)).all()) and bool((value == 0).any())
