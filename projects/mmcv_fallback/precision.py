"""The floating-point type an operator computes in."""

from __future__ import annotations

import torch


def compute_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return float32 for float16 and bfloat16, and any other type unchanged.

    torchvision has no bfloat16 kernels and on the CPU not always float16 ones, and box coordinates
    of a large image do not fit either type: one rule for all operators and devices is easier to
    reason about than what happens to exist.
    """
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype
