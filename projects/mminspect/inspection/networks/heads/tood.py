"""TOOD (arXiv:2108.07755): every side of a box is read from where its best prediction is."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mminspect.core.errors import UserError

from .decoder import Decoder, boxes_around, centres, register_decoder
from .sampling import Sampler


@register_decoder('TOODHead')
class TOODDecoder(Decoder):
    """The head's own steps, its deformable sampling of boxes in standard operators. mmdet does not clip its boxes.

    Raises:
        UserError: The head shifts anchors (``anchor_type='anchor_based'``).
    """

    clip = False

    def __init__(self, head: nn.Module, input_size: tuple[int, int]) -> None:
        super().__init__(head, input_size)
        if head.anchor_type != 'anchor_free':
            raise UserError(f'a TOODHead with anchor_type={head.anchor_type!r} cannot be used without mmdet: use '
                            "anchor_type='anchor_free'")
        self.samplers = nn.ModuleList(Sampler(*size) for size in self.map_sizes).to(self.priors.device)

    def maps(self, features: Sequence[Tensor]) -> Sequence[Sequence[Tensor]]:
        """Scores (N, classes, H, W), 0..1, and boxes (N, 4, H, W) in strides, of every level."""
        points = centres(self.priors) / self.strides
        levels = zip(features, self.samplers, points.split(self.level_sizes), self.head.scales, strict=True)
        return tuple(zip(*(self._level(*level) for level in levels), strict=True))

    def boxes(self, regression: Tensor) -> Tensor:
        """Boxes (N, A, 4) in strides -> in pixels."""
        return regression * self.strides

    def scores(self, classification: Tensor) -> Tensor:
        """They are scores already."""
        return classification

    def _level(self, x: Tensor, sampler: Sampler, points: Tensor, scale: nn.Module) -> tuple[Tensor, Tensor]:
        head, steps = self.head, []
        for conv in head.inter_convs:
            x = conv(x)
            steps.append(x)
        both = torch.cat(steps, dim=1)
        mean = F.adaptive_avg_pool2d(both, 1)
        likelihood = head.tood_cls(head.cls_decomp(both, mean)).sigmoid()
        scores = (likelihood * head.cls_prob_module(both).sigmoid()).sqrt()
        distances = scale(head.tood_reg(head.reg_decomp(both, mean)).exp())
        boxes = boxes_around(points, distances.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(distances.shape)
        return scores, _aligned(boxes, head.reg_offset_module(both), sampler)


def _aligned(boxes: Tensor, offsets: Tensor, sampler: Sampler) -> Tensor:
    """Boxes (N, 4, H, W) whose coordinate c is read at the offset (dy, dx) of channels 2c and 2c + 1, (N, 8, H, W).

    A box that would be turned inside out stays as it was.
    """
    size = boxes.shape[2:]
    moved = sampler(boxes.reshape(-1, 1, *size), offsets.reshape(-1, 1, 2, *size)).reshape(-1, 4, *size)
    inverted = (moved[:, :2] > moved[:, 2:]).any(dim=1, keepdim=True)
    return torch.where(inverted, boxes, moved)
