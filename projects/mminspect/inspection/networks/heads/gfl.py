"""Distances as distributions: GFL (arXiv:2006.04388)."""
from __future__ import annotations

from torch import Tensor

from .decoder import Decoder, boxes_around, centres


class GFLDecoder(Decoder):
    """A side's distance, in strides, is the mean of the predicted distribution over 0..reg_max."""

    def boxes(self, regression: Tensor) -> Tensor:
        """Logits (N, A, 4·(reg_max + 1)) -> boxes (N, A, 4)."""
        likelihood = regression.unflatten(-1, (4, self.head.reg_max + 1)).softmax(dim=-1)
        return boxes_around(centres(self.priors), likelihood @ self.head.integral.project * self.strides)
