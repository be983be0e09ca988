"""Forward distillation: a student of the teacher's kind learns to see good images as the teacher does."""
from __future__ import annotations

from typing import Any

from torch import Tensor

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError

from .feature_distillation import FeatureDistillation, Levels


@MODELS.register_module()
class ForwardDistillation(FeatureDistillation):
    """Teacher and student side by side.

    With a loss and a map of local cosines it is STFPM (Wang et al., "Student-Teacher Feature Pyramid Matching for
    Anomaly Detection", BMVC 2021, arXiv:2103.04257).

    Args:
        teacher: See :class:`FeatureDistillation`.
        student: Config of a module (N, 3, H, W) -> levels as large as the teacher's: ``ResNetStudent``.
        loss: See :class:`FeatureDistillation`.
        map_head: As well.
        **options: Of :class:`FeatureDistillation`.

    Raises:
        UserError: The student's levels have other channels than the teacher's.
    """

    def __init__(self, teacher: dict, student: dict, loss: dict, map_head: dict, **options: Any) -> None:
        super().__init__(teacher, loss, map_head, **options)
        self.student = MODELS.build(student)
        own, others = tuple(self.student.channels), tuple(self.teacher.channels)
        if own != others:
            raise UserError(f'the levels of model.student have {own} channels and those of the teacher {others}: '
                            'choose the same network for both')

    def imitate(self, inputs: Tensor, teacher_feats: Levels) -> Levels:
        """The student's levels, of the images alone."""
        return self.student(inputs)
