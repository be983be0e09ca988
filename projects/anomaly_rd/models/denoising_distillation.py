"""A student that removes synthetic defects, and a head that segments what it removed."""
from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import Maps

from .heads import GaussianBlur
from .students.denoising import DecoderOnlyStudent
from .teacher_student import TeacherStudentModel
from .teachers import FrozenTeacher

MAPS = ('segmentation', 'distill', 'fused')


@MODELS.register_module()
class DenoisingDistillation(TeacherStudentModel):
    """Denoising student, then refinement head, trained one after the other on corrupted good images.

    The textile model of the specification, with the structure and values of DeSTSeg (Zhang et al., CVPR 2023,
    arXiv:2211.11317) where its source is silent. Phase ``'student'``: from the corrupted image the student has to
    predict the teacher's features of the clean one. Phase ``'head'``: teacher and student, fixed, both see the
    corrupted image, and the head has to find the corrupted region. :class:`~anomaly_rd.engine.TwoPhaseHook` switches.
    The parameters of one phase are unused in the other: distributed training needs ``find_unused_parameters=True``.

    Args:
        teacher: Config of a teacher whose first three levels have strides 4, 8 and 16.
        student: Config of a student, ``DenoisingStudent`` or ``DecoderOnlyStudent``.
        head: Config of the head: features to logits.
        loss: Config of the student's loss, a mean over images.
        segmentation_loss: Config of the head's loss.
        map_head: Config of the head that compares features; gives the map ``'distill'`` and the level maps.
        map: Which map is the anomaly map: ``'segmentation'``, the head's probability; ``'distill'``, that of
            ``map_head``; or ``'fused'``, their product.
        reduction: ``'sum'`` or ``'mean'`` of the student's loss over the images of a batch. The learning rate of 0.4
            belongs to sums over 32 images.
        topk: An image's score is the mean of so many largest pixels of its map.
        sigma: Of a Gaussian filter on the anomaly map, pixels; 0 is none.
        save_teacher: See :class:`TeacherStudentModel`.
        data_preprocessor: As usual; it passes ``inputs_corrupt`` on.

    Raises:
        UserError: Unknown ``map`` or ``reduction``, ``topk`` below 1, or the teacher has less than three levels.
    """

    map_options: ClassVar[tuple[str, ...]] = ('map_head', 'map', 'topk', 'sigma')
    views: ClassVar[tuple[str, ...]] = ('corrupt',)

    def __init__(self, teacher: dict, student: dict, head: dict, loss: dict, segmentation_loss: dict, map_head: dict,
                 map: Literal['segmentation', 'distill', 'fused'] = 'segmentation',
                 reduction: Literal['sum', 'mean'] = 'sum', topk: int = 100, sigma: float = 0.0,
                 save_teacher: bool = False, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(teacher, save_teacher, data_preprocessor, init_cfg)
        self.need_levels(3, 4)
        check_option('model.map', map, MAPS)
        check_option('model.reduction', reduction, ('sum', 'mean'))
        if topk < 1:
            raise UserError(f'model.topk is {topk}: at least 1 pixel makes a score')
        self.map, self.reduction, self.topk = map, reduction, topk
        self.student = _build_student(student, self.teacher)
        self.teacher.levels_wanted = None if self.student.reads_teacher else 3
        self.head = MODELS.build(head)
        self.loss_distill, self.segmentation_loss = MODELS.build(loss), MODELS.build(segmentation_loss)
        self.map_head, self.blur = MODELS.build(map_head), GaussianBlur(sigma)
        self.phase = 'student'

    def set_phase(self, phase: Literal['student', 'head']) -> None:
        """Train one part only: the other gets no gradients, so that momentum and weight decay leave it alone too."""
        self.phase = phase
        for name in ('student', 'head'):
            part = getattr(self, name).requires_grad_(name == phase)
            if name != phase:
                for parameter in part.parameters():
                    parameter.grad = None
        self.train(self.training)

    def train(self, mode: bool = True) -> DenoisingDistillation:
        """The part that is not trained stays in eval mode."""
        super().train(mode)
        (self.head if self.phase == 'student' else self.student).eval()
        return self

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None, *,
             inputs_corrupt: Tensor) -> dict[str, Tensor]:
        """``loss_distill``, or in the head's phase ``loss_focal`` and ``loss_l1``.

        Args:
            inputs: (N, 3, H, W), the clean images.
            data_samples: One per image; in the head's phase with ``synthetic_mask``.
            inputs_corrupt: (N, 3, H, W), the corrupted images.
        """
        return (self._student_loss(inputs, inputs_corrupt) if self.phase == 'student'
                else self._head_loss(inputs_corrupt, data_samples))

    def features(self, inputs: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...], Tensor]:
        """The teacher's and the student's levels and the head's logits (N, 1, H / 4, W / 4)."""
        teacher, student = self._features(inputs)
        return teacher, student, self.head(teacher, student)

    def _features(self, images: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Three levels of the teacher and of the student, of the same images."""
        with torch.no_grad():
            teacher = self.teacher(images)
        return teacher[:3], self.student(images, teacher)

    def _student_loss(self, clean: Tensor, corrupt: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            target = self.teacher(clean)[:3]
            seen = self.teacher(corrupt) if self.student.reads_teacher else None
        loss = self.loss_distill(target, self.student(corrupt, seen))
        return dict(loss_distill=loss * len(clean) if self.reduction == 'sum' else loss)

    def _head_loss(self, corrupt: Tensor, data_samples: Sequence[AnomalyDataSample]) -> dict[str, Tensor]:
        with torch.no_grad():
            teacher, student = self._features(corrupt)
        masks = torch.stack([sample.synthetic_mask for sample in data_samples]).to(corrupt.device)
        return self.segmentation_loss(self.head(teacher, student), masks)

    def score_maps(self, inputs: Tensor) -> Maps:
        """Scores (N,), maps (N, H, W) and the level maps of ``map_head``."""
        (teacher, student, logits), size = self.features(inputs), inputs.shape[2:]
        distill, _, levels = self.map_head(teacher, student, size)
        segmentation = F.interpolate(logits.sigmoid(), size, mode='bilinear', align_corners=False)[:, 0]
        maps = self.blur(dict(segmentation=segmentation, distill=distill, fused=segmentation * distill)[self.map])
        scores = maps.flatten(1).topk(min(self.topk, maps[0].numel())).values.mean(1)
        return Maps(scores, maps, tuple(levels))


def _build_student(cfg: dict, teacher: FrozenTeacher) -> nn.Module:
    """A student that has the teacher's widths.

    Raises:
        UserError: The teacher has other strides than the students, whose encoder is a ResNet's.
    """
    if teacher.layout.strides != (4, 8, 16):
        raise UserError(f'the teacher of DenoisingDistillation has strides {teacher.layout.strides}, and its students '
                        'give levels of strides 4, 8 and 16: choose a teacher or out_indices with these')
    if MODELS.get(cfg['type']) is DecoderOnlyStudent:
        return MODELS.build(dict(cfg, layout=teacher.layout))
    return MODELS.build(dict(cfg, channels=teacher.channels[:3]))
