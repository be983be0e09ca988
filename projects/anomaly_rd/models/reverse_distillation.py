"""Reverse distillation and its descendants: a decoder learns to give back a frozen teacher's features of good images.

Deng and Li, "Anomaly Detection via Reverse Distillation from One-Class Embedding", CVPR 2022, arXiv:2201.10703.
"""
from __future__ import annotations

from typing import Any

from torch import Tensor

from anomaly_rd.registry import MODELS

from .feature_distillation import FeatureDistillation, Levels


@MODELS.register_module()
class ReverseDistillation(FeatureDistillation):
    """Teacher, bottleneck, decoder; trained by one minus the cosine, which is also the anomaly map.

    Images have sides divisible by the ``grid`` of the teacher's layout (32 for a ResNet).

    Args:
        teacher: Config of a :class:`~anomaly_rd.models.teachers.FrozenTeacher`: ``ResNetTeacher``, ``BackboneTeacher``.
        bottleneck: Config of a module that is given the teacher's ``layout``: ``FusionBottleneck``.
        decoder: Config of a module that is given ``layout``: ``ReverseDecoder``.
        loss: See :class:`FeatureDistillation`.
        map_head: As well.
        **options: Of :class:`FeatureDistillation`.

    Raises:
        UserError: The teacher has not three levels, or images of other sizes than its strides need may come.
    """

    def __init__(self, teacher: dict, bottleneck: dict, decoder: dict, loss: dict, map_head: dict,
                 **options: Any) -> None:
        super().__init__(teacher, loss, map_head, **options)
        self.need_levels(3, 3)
        self.need_sides(self.teacher.layout.grid)
        layout = dict(layout=self.teacher.layout)
        self.bottleneck = MODELS.build(bottleneck, default_args=layout)
        self.decoder = MODELS.build(decoder, default_args=layout)

    def imitate(self, inputs: Tensor, teacher_feats: Levels) -> Levels:
        """What the decoder makes of the teacher's levels behind the bottleneck."""
        return self.decoder(self.bottleneck(teacher_feats))
