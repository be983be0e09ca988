"""Heads that move anchors.

By shift and growth: RetinaNet (arXiv:1708.02002), YOLOF (arXiv:2103.09460) and ATSS (arXiv:1912.02424), whose scores a
centerness lowers. By distances to the sides, predicted as distributions: GFL (arXiv:2006.04388).
"""
from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mminspect.core.errors import UserError

from .decoder import Decoder, boxes_around, centres, register_decoder

#: mmdet lets no side of a box grow or shrink by more than this factor.
LARGEST_RATIO = 1000 / 16


@register_decoder('RetinaHead', 'YOLOFHead')
class DeltaDecoder(Decoder):
    """Anchors moved by a part of their sides, their sides multiplied by an exponential.

    Raises:
        UserError: The head codes boxes in another way.
    """

    def __init__(self, head: nn.Module, input_size: tuple[int, int]) -> None:
        super().__init__(head, input_size)
        coder = head.bbox_coder
        if type(coder).__name__ != 'DeltaXYWHBBoxCoder':
            raise UserError(f'the {type(head).__name__} codes boxes with {type(coder).__name__}, which cannot be used '
                            'without mmdet: use DeltaXYWHBBoxCoder')
        self.furthest = float(coder.ctr_clamp) if coder.add_ctr_clamp else math.inf
        self.register_buffer('means', self.priors.new_tensor(coder.means), persistent=False)
        self.register_buffer('stds', self.priors.new_tensor(coder.stds), persistent=False)

    def boxes(self, regression: Tensor) -> Tensor:
        """Deltas (N, A, 4), x y in sides and logarithms of width and height -> boxes (N, A, 4)."""
        deltas = regression * self.stds + self.means
        sides = self.priors[:, 2:] - self.priors[:, :2]
        shift, growth = sides * deltas[..., :2], deltas[..., 2:].clamp(max=math.log(LARGEST_RATIO))
        if self.furthest < math.inf:  # only then may a box become as thin as it likes
            shift = shift.clamp(-self.furthest, self.furthest)
        else:
            growth = growth.clamp(min=-math.log(LARGEST_RATIO))
        middle, half = centres(self.priors) + shift, sides * growth.exp() / 2
        return torch.cat([middle - half, middle + half], dim=-1)


@register_decoder('ATSSHead')
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


@register_decoder('GFLHead')
class GFLDecoder(Decoder):
    """A side's distance, in strides, is the mean of the predicted distribution over 0..reg_max."""

    def boxes(self, regression: Tensor) -> Tensor:
        """Logits (N, A, 4·(reg_max + 1)) -> boxes (N, A, 4)."""
        likelihood = regression.unflatten(-1, (4, self.head.reg_max + 1)).softmax(dim=-1)
        return boxes_around(centres(self.priors), likelihood @ self.head.integral.project * self.strides)
