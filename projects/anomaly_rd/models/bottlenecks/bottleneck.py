"""The bottleneck between teacher and decoder: a fusion and a tail.

Deng and Li, "Anomaly Detection via Reverse Distillation from One-Class Embedding", CVPR 2022, arXiv:2201.10703.
"""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from anomaly_rd.models.layers import ConvNormAct, residual_stage
from anomaly_rd.models.teachers.layout import TeacherLayout
from anomaly_rd.registry import MODELS


@MODELS.register_module()
class FusionBottleneck(BaseModule):
    """Fuse the teacher's levels at the size of level 3, then embed them: at half of that where levels form a pyramid.

    ``MFF`` and ``OCE`` make reverse distillation's bottleneck, ``AKF`` and ``OCE`` that of asymptotic knowledge fusion;
    ``Reduce`` is the tail of the ablation rows without OCE.

    Args:
        fusion: Config of a module that is given ``channels`` and ``strides`` and has ``out_channels``: ``MFF`` or
            ``AKF``.
        tail: Config of a module that is given ``in_channels`` and ``layout``: ``OCE``, ``Reduce``.
        layout: Of the teacher; ReverseDistillation passes it on.
    """

    def __init__(self, fusion: dict, tail: dict, layout: TeacherLayout, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        self.fusion = MODELS.build(fusion, default_args=dict(channels=layout.channels, strides=layout.strides))
        self.tail = MODELS.build(tail, default_args=dict(in_channels=self.fusion.out_channels, layout=layout))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Map levels 1 to 3, (N, c_k, H / s_k, W / s_k) for strides s_k, to (N, 2 * c3, H / g, W / g), g the layout's
        grid."""
        return self.tail(self.fusion(features))


@MODELS.register_module()
class MFF(nn.Module):
    """Bring levels 1 and 2 to the size and width of level 3 by strided convolutions and concatenate all three.

    Args:
        channels: Channels (c1, c2, c3) of the teacher's three levels.
        strides: Their strides (s1, s2, s3), each a multiple of the one before.

    Attributes:
        out_channels: 3 * c3.
    """

    def __init__(self, channels: Sequence[int], strides: Sequence[int] = (4, 8, 16)) -> None:
        super().__init__()
        (c1, c2, c3), (s1, s2, s3) = channels, strides
        self.level1 = nn.Sequential(ConvNormAct(c1, c2, 3, s2 // s1), ConvNormAct(c2, c3, 3, s3 // s2))
        self.level2 = ConvNormAct(c2, c3, 3, s3 // s2)
        self.out_channels = 3 * c3

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Fuse levels 1 to 3, the last (N, c3, h, w), to (N, 3 * c3, h, w)."""
        f1, f2, f3 = features
        f1, f2 = self.level1(f1), self.level2(f2)
        return torch.cat((f1, f2, f3.to(f1.dtype)), 1)


@MODELS.register_module()
class OCE(nn.Module):
    """One-class embedding: the fourth stage of a ResNet on the fused features.

    Args:
        in_channels: Channels of the fusion.
        layout: Of the teacher.
    """

    def __init__(self, in_channels: int, layout: TeacherLayout) -> None:
        super().__init__()
        self.stage = residual_stage(layout.block, layout.embedding_blocks, in_channels, layout.embedding_channels,
                                    'down', layout.wide, layout.factors[-1])

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, h, w) to (N, 2 * c3, h / 2, w / 2), or (h, w) where the layout is a column."""
        return self.stage(x)


@MODELS.register_module()
class Reduce(nn.Module):
    """One strided 3 x 3 convolution in place of OCE, behind a 1 x 1 one where the fusion is wider than level 3.

    The decoder needs the embedding's size and width also where an ablation leaves OCE out.

    Args:
        in_channels: Channels of the fusion.
        layout: Of the teacher.
    """

    def __init__(self, in_channels: int, layout: TeacherLayout) -> None:
        super().__init__()
        c3 = layout.channels[2]
        adapt = [ConvNormAct(in_channels, c3, 1)] if in_channels != c3 else []
        self.convs = nn.Sequential(*adapt, ConvNormAct(c3, layout.embedding_channels, 3, layout.factors[-1]))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, h, w) to (N, 2 * c3, h / 2, w / 2), or (h, w) where the layout is a column."""
        return self.convs(x)
