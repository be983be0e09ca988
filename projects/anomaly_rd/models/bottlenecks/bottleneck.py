"""The bottleneck between teacher and decoder: a fusion and a tail."""
from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor

from anomaly_rd.models.teachers.layout import TeacherLayout
from anomaly_rd.registry import MODELS


@MODELS.register_module()
class FusionBottleneck(BaseModule):
    """Fuse the teacher's levels at the size of level 3, then embed them at half of that.

    ``MFF`` and ``OCE`` make reverse distillation's bottleneck (arXiv:2201.10703), ``AKF`` and ``OCE`` that of
    asymptotic knowledge fusion; ``Reduce`` is the tail of the ablation rows without OCE.

    Args:
        fusion: Config of a module that is given ``channels`` and has ``out_channels``: ``MFF``, ``AKF``.
        tail: Config of a module that is given ``in_channels`` and ``layout``: ``OCE``, ``Reduce``.
        layout: Of the teacher; ReverseDistillation passes it on.
    """

    def __init__(self, fusion: dict, tail: dict, layout: TeacherLayout, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        self.fusion = MODELS.build(fusion, default_args=dict(channels=layout.channels))
        self.tail = MODELS.build(tail, default_args=dict(in_channels=self.fusion.out_channels, layout=layout))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Map (N, c1, 8h, 8w), (N, c2, 4h, 4w) and (N, c3, 2h, 2w) to (N, 2 * c3, h, w)."""
        return self.tail(self.fusion(features))
