"""Localization distillation on positive locations."""
from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor, nn

from fdrd.tracing import DenseTargets, Trace, layout_of
from mminspect.core.errors import UserError

from .cross_head import rows
from .term import DistillationTerm


@MODELS.register_module()
class LocalizationKD(DistillationTerm):
    """``loss_ld``: KL between the box distributions of teacher and student at the student's positives.

    The main region of LD (Zheng et al., CVPR 2022, arXiv:2102.12252, eq. 3) as mmdet implements it: weighted with the
    student's class score, averaged over the 17 bins and the 4 sides, not divided by the sum of the weights.

    Args:
        loss: Loss over the bins.
    """

    def __init__(self, loss: dict | None = None) -> None:
        super().__init__()
        self.loss = MODELS.build(
            loss or dict(type='DistributionKLLoss', T=10, class_reduction='mean', loss_weight=0.25))

    def check(self, student: nn.Module, teacher: nn.Module) -> None:
        """Both heads need box distributions."""
        for name, detector in (('student', student), ('teacher', teacher)):
            if not layout_of(detector.bbox_head).distribution:
                raise UserError(f'LocalizationKD: the {name} has {type(detector.bbox_head).__name__}, which predicts '
                                'no box distributions; use GFLHead')

    def forward(self, student: Trace, teacher: Trace, targets: DenseTargets) -> dict[str, list[Tensor]]:
        """See :class:`DistillationTerm`; one loss per level, 0 where a level has no positives."""
        head, losses = student.head, []
        bins, classes = head.reg_max + 1, head.cls_out_channels
        for level, labels in enumerate(targets.labels):
            positive = ((labels >= 0) & (labels < head.num_classes)).flatten()
            score = rows(student.outputs[0][level], classes).detach().float().sigmoid().amax(dim=1)[positive]
            ours = rows(student.outputs[1][level], 4 * bins)[positive].reshape(-1, bins)
            theirs = rows(teacher.outputs[1][level], 4 * bins)[positive].reshape(-1, bins)
            losses.append(self.loss(ours, theirs, score.repeat_interleave(4), avg_factor=4.0))
        return {'loss_ld': losses}
