"""Forward distillation: a student of the teacher's kind learns to see good images as the teacher does."""
from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import Maps

from .caching_model import CachingModel, Levels


@MODELS.register_module()
class ForwardDistillation(CachingModel):
    """Teacher and student side by side; where their features differ, there is a defect.

    With a loss and a map of local cosines it is STFPM (Wang et al., "Student-Teacher Feature Pyramid Matching for
    Anomaly Detection", BMVC 2021, arXiv:2103.04257).

    Args:
        teacher: Config of a frozen teacher.
        student: Config of a module (N, 3, H, W) -> levels as large as the teacher's: ``ResNetStudent``.
        loss: Config of a module (teacher's levels, student's levels) -> (): ``CosineDistillationLoss``.
        map_head: Config of a module (teacher's levels, student's levels, size) -> maps, scores, level maps:
            ``CosineMapHead``.
        cache_features: See :class:`CachingModel`, as the next two.
        cache_dtype: How features are kept.
        cache_limit_bytes: And how many.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: The student's levels have other channels than the teacher's.
    """

    map_options: ClassVar[tuple[str, ...]] = ('map_head', )

    def __init__(self, teacher: dict, student: dict, loss: dict, map_head: dict, cache_features: bool = False,
                 cache_dtype: Literal['bfloat16', 'float32'] = 'bfloat16', cache_limit_bytes: int = 4 * 2**30,
                 save_teacher: bool = False, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(teacher, cache_features, cache_dtype, cache_limit_bytes, save_teacher, data_preprocessor,
                         init_cfg)
        self.student = MODELS.build(student)
        own, others = tuple(self.student.channels), tuple(self.teacher.channels)
        if own != others:
            raise UserError(f'the levels of model.student have {own} channels and those of the teacher {others}: '
                            'choose the same network for both')
        self.loss_distill, self.map_head = MODELS.build(loss), MODELS.build(map_head)

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None) -> dict[str, Tensor]:
        """``loss_distill`` () of normalised images (N, 3, H, W)."""
        return dict(loss_distill=self.loss_distill(self.training_feat(inputs, data_samples), self.student(inputs)))

    def score_maps(self, inputs: Tensor) -> Maps:
        """Scores (N,), maps (N, H, W) at the size of ``inputs`` and level maps, all float32."""
        anomaly_map, score, levels = self.map_head(*self.features(inputs), size=tuple(inputs.shape[2:]))
        return Maps(score, anomaly_map, tuple(levels))

    def features(self, inputs: Tensor) -> tuple[Levels, Levels]:
        """Levels of teacher and of student."""
        return self.extract_feat(inputs), self.student(inputs)
