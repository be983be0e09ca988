"""VFNet (arXiv:2008.13367): a first box says where the features of the final box and its score are read."""
from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .decoder import Decoder, boxes_around, register_decoder
from .sampling import Sampler


@register_decoder('VFNetHead')
class VFNetDecoder(Decoder):
    """The head's deformable convolutions read nine points: corners, edges' middles and centre of the first box."""

    replaced = ('DeformConv2d',)

    def __init__(self, head: nn.Module, input_size: tuple[int, int]) -> None:
        super().__init__(head, input_size)
        self.samplers = nn.ModuleList(Sampler(*size) for size in self.map_sizes).to(self.priors.device)

    def maps(self, features: Sequence[Tensor]) -> Sequence[Sequence[Tensor]]:
        """Logits (N, classes, H, W) and distances (N, 4, H, W) in pixels of the input, of every level."""
        head = self.head
        units = head.strides if head.bbox_norm_type == 'stride' else head.reg_denoms
        levels = zip(features, self.samplers, head.scales, head.scales_refine, head.strides, units, strict=True)
        return tuple(zip(*(self._level(*level) for level in levels), strict=True))

    def boxes(self, regression: Tensor) -> Tensor:
        """Distances (N, A, 4) in pixels -> boxes (N, A, 4)."""
        return boxes_around(self.priors, regression)

    def _level(self, x: Tensor, sampler: Sampler, scale: nn.Module, refine: nn.Module, stride: int,
               unit: float) -> tuple[Tensor, Tensor]:
        head, class_features, box_features = self.head, x, x
        for conv in head.cls_convs:
            class_features = conv(class_features)
        for conv in head.reg_convs:
            box_features = conv(box_features)
        first = scale(head.vfnet_reg(head.vfnet_reg_conv(box_features))).exp() * unit
        star = _star(first / stride)
        box_features = _at_points(head.vfnet_reg_refine_dconv, sampler(box_features, star)).relu()
        class_features = _at_points(head.vfnet_cls_dconv, sampler(class_features, star)).relu()
        return head.vfnet_cls(class_features), refine(head.vfnet_reg_refine(box_features)).exp() * first


def _star(distances: Tensor) -> Tensor:
    """Distances (N, 4, H, W) to left, top, right, bottom -> nine points' shifts (N, 9, 2, H, W), dy dx, row by row."""
    left, top, right, bottom = distances.unbind(dim=1)
    middle = torch.zeros_like(left)
    return torch.stack([torch.stack([dy, dx], dim=1) for dy in (-top, middle, bottom)
                        for dx in (-left, middle, right)], dim=1)


def _at_points(conv: nn.Module, samples: Tensor) -> Tensor:
    """The 3x3 convolution ``conv`` on what its kernel's points read, (N, C, 9, H, W) -> (N, O, H, W)."""
    return F.conv2d(samples.flatten(1, 2), conv.weight.flatten(1)[:, :, None, None])
