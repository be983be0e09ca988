"""Feature distillation between neck outputs."""
from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor, nn

from fdrd.tracing import DenseTargets, Trace
from mminspect.core.errors import UserError

from .term import DistillationTerm


@MODELS.register_module()
class FeaturePKD(DistillationTerm):
    """``loss_feat_kd``: PKD between neck outputs of student and teacher (Cao et al., NeurIPS 2022, arXiv:2207.02039).

    Args:
        loss: Loss of one level.
        levels: Number of levels, finest first; None for all.
    """

    reads_head = False

    def __init__(self, loss: dict | None = None, levels: int | None = None) -> None:
        super().__init__()
        self.loss = MODELS.build(loss or dict(type='PKDLoss', loss_weight=10.0))
        self.levels = levels

    def check(self, student: nn.Module, teacher: nn.Module) -> None:
        """Both necks need the same number of channels."""
        widths = student.bbox_head.in_channels, teacher.bbox_head.in_channels
        if widths[0] != widths[1]:
            raise UserError(f'FeaturePKD: the neck has {widths[0]} channels in the student and {widths[1]} in the '
                            'teacher; give both the same out_channels')

    def forward(self, student: Trace, teacher: Trace, targets: DenseTargets) -> dict[str, list[Tensor]]:
        """See :class:`DistillationTerm`; one loss per level."""
        pairs = list(zip(student.neck, teacher.neck, strict=True))[:self.levels]
        return {'loss_feat_kd': [self.loss(ours, theirs) for ours, theirs in pairs]}
