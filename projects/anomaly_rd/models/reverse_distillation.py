"""Reverse distillation and its descendants: a decoder learns to give back a frozen teacher's features of good images.

Deng and Li, "Anomaly Detection via Reverse Distillation from One-Class Embedding", CVPR 2022, arXiv:2201.10703.
"""
from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from anomaly_rd.registry import MODELS
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import Maps

from .caching_model import CachingModel, Levels


@MODELS.register_module()
class ReverseDistillation(CachingModel):
    """Teacher, bottleneck, decoder; trained by one minus the cosine, which is also the anomaly map.

    Args:
        teacher: Config of a :class:`~anomaly_rd.models.teachers.FrozenTeacher`: ``ResNetTeacher``, ``BackboneTeacher``.
        bottleneck: Config of a module that is given the teacher's ``layout``: ``FusionBottleneck``.
        decoder: Config of a module that is given ``layout``: ``ReverseDecoder``.
        loss: Config of a module (teacher's levels, student's levels) -> (): ``CosineDistillationLoss``.
        map_head: Config of a module (teacher's levels, student's levels, size) -> maps, scores, level maps:
            ``CosineMapHead``.
        cache_features: See :class:`CachingModel`, as the next two.
        cache_dtype: How features are kept.
        cache_limit_bytes: And how many.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: The teacher has not three levels, or images of other sizes than its strides need may come, or
            ``cache_dtype`` is unknown.
    """

    map_options: ClassVar[tuple[str, ...]] = ('map_head', )

    def __init__(self, teacher: dict, bottleneck: dict, decoder: dict, loss: dict, map_head: dict,
                 data_preprocessor: dict | None = None, cache_features: bool = False,
                 cache_dtype: Literal['bfloat16', 'float32'] = 'bfloat16', cache_limit_bytes: int = 4 * 2**30,
                 save_teacher: bool = False, init_cfg: dict | None = None) -> None:
        super().__init__(teacher, cache_features, cache_dtype, cache_limit_bytes, save_teacher, data_preprocessor,
                         init_cfg)
        self.need_levels(3, 3)
        self.need_sides(self.teacher.layout.grid)
        layout = dict(layout=self.teacher.layout)
        self.bottleneck = MODELS.build(bottleneck, default_args=layout)
        self.decoder = MODELS.build(decoder, default_args=layout)
        self.loss_distill, self.map_head = MODELS.build(loss), MODELS.build(map_head)

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None) -> dict[str, Tensor]:
        """``loss_distill`` () of normalised images.

        Args:
            inputs: (N, 3, H, W), sides divisible by the ``grid`` of the teacher's layout (32 for a ResNet).
            data_samples: One per image; needed with ``cache_features``.
        """
        teacher_feats = self.training_feat(inputs, data_samples)
        return dict(loss_distill=self.loss_distill(teacher_feats, self.decoder(self.bottleneck(teacher_feats))))

    def score_maps(self, inputs: Tensor) -> Maps:
        """Scores (N,), maps (N, H, W) at the size of ``inputs`` and level maps, all float32."""
        anomaly_map, score, levels = self.map_head(*self.features(inputs), size=tuple(inputs.shape[2:]))
        return Maps(score, anomaly_map, tuple(levels))

    def features(self, inputs: Tensor) -> tuple[Levels, Levels]:
        """Levels (N, C_k, H / s_k, W / s_k), k = 1, 2, 3, of teacher and of student, s_k the teacher's strides."""
        teacher_feats = self.extract_feat(inputs)
        return teacher_feats, self.decoder(self.bottleneck(teacher_feats))
