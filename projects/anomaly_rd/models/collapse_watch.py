"""Noticing that a trainable target becomes constant."""
from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from mmengine.logging import print_log
from torch import Tensor, nn


class CollapseWatch(nn.Module):
    """Warns when features that a student imitates lose their variance, which makes any distillation loss small.

    The variance is that of a channel over images and positions, averaged over channels.

    Args:
        levels: Number of levels.
        ratio: Warn below this share of the variance at the start of the training.
    """

    def __init__(self, levels: int, ratio: float = 1e-3) -> None:
        super().__init__()
        self.ratio, self.has_warned = ratio, False
        self.register_buffer('start', torch.full((levels,), -1.0))  # saved, so that a resumed run remembers it

    @torch.no_grad()
    def forward(self, features: Sequence[Tensor]) -> None:
        """Look at the target's levels (N, C_k, h_k, w_k) of a training step."""
        variance = torch.stack([level.float().var((0, 2, 3), correction=0).mean() for level in features])
        if self.start[0] < 0:
            self.start.copy_(variance)
        elif not self.has_warned and bool((variance < self.ratio * self.start).any()):
            self.has_warned = True
            level = int((variance / self.start).argmin())
            print_log(f'The target of the distillation has COLLAPSED: the variance of its level {level + 1} fell from '
                      f'{float(self.start[level]):.3g} to {float(variance[level]):.3g}. A small loss means nothing '
                      "then; use where='student', whose targets are frozen.", logger='current', level=logging.WARNING)
