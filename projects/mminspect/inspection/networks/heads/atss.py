"""ATSS (arXiv:1912.02424): anchors' deltas, and scores that a centerness lowers."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from .deltas import DeltaDecoder


class ATSSDecoder(DeltaDecoder):
    """mmdet chooses candidates by their class score and ranks them by its product with the centerness.

    So the choice is made here, and what it leaves out has score 0: afterwards nothing but the product is needed. The
    threshold of :attr:`score_thr` is then 0.
    """

    def __init__(self, head: nn.Module, input_size: tuple[int, int]) -> None:
        super().__init__(head, input_size)
        self.lowest, self.most = self.score_thr, int(head.test_cfg.nms_pre)
        self.score_thr = 0.0

    def scores(self, classification: Tensor, centerness: Tensor) -> Tensor:
        """Logits (N, A, classes) and (N, A, 1) -> scores (N, A, classes)."""
        likelihood = classification.sigmoid()
        chosen = torch.cat([self._best(level) for level in likelihood.split(self.level_sizes, dim=1)], dim=1)
        return torch.where(chosen & (likelihood > self.lowest), likelihood * centerness.sigmoid(), 0.0)

    def _best(self, scores: Tensor) -> Tensor:
        """Mask of a level's best (box, class) pairs (N, a, classes); all of them where they are few."""
        flat = scores.flatten(1)
        if scores.shape[1] * scores.shape[2] <= self.most:
            return torch.ones_like(scores, dtype=torch.bool)
        return scores >= flat.topk(self.most, dim=1).values[:, -1:, None]
