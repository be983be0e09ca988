"""A frozen teacher's features of a training set that never changes."""
from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence

import torch
from mmengine.logging import print_log
from torch import Tensor

from mminspect.core.options import check_option

DTYPES = ('bfloat16', 'float32')


class FeatureCache:
    """Features by image, on the CPU, until they outgrow the limit.

    Args:
        dtype: What features are rounded to: ``'bfloat16'``, which is what bf16 autocast gives anyway, or ``'float32'``.
        limit_bytes: Size at which everything is dropped and the cache stays empty, with a warning.

    Raises:
        UserError: Another ``dtype``.
    """

    def __init__(self, dtype: str = 'bfloat16', limit_bytes: int = 4 * 2**30) -> None:
        check_option('model.cache_dtype', dtype, DTYPES)
        self.dtype, self.limit_bytes = getattr(torch, dtype), limit_bytes
        self.full = False
        self._size = 0
        self._features: dict[Hashable, list[Tensor]] = {}

    def get(self, keys: Sequence[Hashable], device: torch.device) -> tuple[Tensor, ...] | None:
        """The levels of a batch, (N, C_k, h_k, w_k) each, or None unless every image is known."""
        if not all(key in self._features for key in keys):
            return None
        rows = [self._features[key] for key in keys]
        return tuple(torch.cat(level).to(device, non_blocking=True) for level in zip(*rows, strict=True))

    def put(self, keys: Sequence[Hashable], levels: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Keep the levels of a batch; returns them as :meth:`get` will, so that all epochs train on the same values."""
        rounded = tuple(level.to(self.dtype) for level in levels)
        for row, key in enumerate(keys):
            if not self.full and key not in self._features:
                self._keep(key, [level[row:row + 1] for level in rounded])
        return rounded

    def clear(self) -> None:
        """Forget everything, because the teacher has changed."""
        self._features.clear()
        self._size = 0

    def _keep(self, key: Hashable, levels: list[Tensor]) -> None:
        self._size += sum(level.numel() * level.element_size() for level in levels)
        if self._size > self.limit_bytes:
            print_log(f'cache_features: {len(self._features) + 1} images need {self._size / 2**30:.2f} GiB, more than '
                      f'cache_limit_bytes={self.limit_bytes}; the teacher is computed for every batch instead.',
                      logger='current', level=logging.WARNING)
            self.clear()
            self.full = True
            return
        # A row of a batch would keep the whole batch alive.
        self._features[key] = [level.to('cpu', copy=True, memory_format=torch.preserve_format) for level in levels]
