"""Shift and growth of anchors: RetinaNet (arXiv:1708.02002), ATSS (arXiv:1912.02424), YOLOF (arXiv:2103.09460)."""
from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mminspect.core.errors import UserError

from .decoder import Decoder, centres

#: mmdet lets no side of a box grow or shrink by more than this factor.
LARGEST_RATIO = 1000 / 16


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
