"""Cross-head distillation: the student's features finish their way through the teacher's head.

Source: CrossKD, Wang et al., CVPR 2024, arXiv:2306.11369. Why it helps: the student's last head layers follow the
labels alone, so the two supervisions do not pull on the same predictions.
"""
from __future__ import annotations

import torch
from mmdet.registry import MODELS
from mmdet.utils import reduce_mean
from torch import Tensor, nn

from fdrd.tracing import DenseTargets, Trace, layout_of, resume_towers
from mminspect.core.errors import UserError

from .adapter import ChannelAdapter
from .term import DistillationTerm


@MODELS.register_module()
class CrossHeadKD(DistillationTerm):
    """KD losses ``loss_cls_kd``, ``loss_reg_kd`` (and ``loss_quality_kd`` for ATSS) between cross-head predictions and
    the teacher's.

    The student's tower features behind convolution t are brought to the teacher's statistics, pass through the
    teacher's frozen convolutions t.. and output layers, and the result is compared with the teacher's own predictions.
    Student convolutions above t and its output layers get no gradient from here.

    Args:
        reused_teacher_head_idx: t, 0..stacked_convs; 3 for GFL, ATSS and RetinaNet.
        loss_cls: Loss between class logits, e.g. ``dict(type='KDQualityFocalLoss')``.
        loss_reg: Loss between boxes: ``dict(type='DistributionKLLoss', loss_weight=4.0)`` for GFL heads, an IoU-type
            loss of mmdet on decoded boxes (``dict(type='GIoULoss', loss_weight=1.0)``) for ATSS and RetinaNet heads.
        loss_quality_weight: Weight of the centerness term of ATSS heads.
        align_channels: 'auto': a trainable 1x1 convolution per tower where the widths of the two heads differ;
            None: different widths are an error.
        align_statistics: Bring the student's features to the teacher's mean and standard deviation per channel.
    """

    def __init__(self, reused_teacher_head_idx: int = 3, loss_cls: dict | None = None, loss_reg: dict | None = None,
                 loss_quality_weight: float = 1.0, align_channels: str | None = 'auto',
                 align_statistics: bool = True) -> None:
        super().__init__()
        self.start = reused_teacher_head_idx
        self.hold = (reused_teacher_head_idx,)
        self.loss_cls = MODELS.build(loss_cls or dict(type='KDQualityFocalLoss'))
        self.loss_reg = MODELS.build(loss_reg or dict(type='DistributionKLLoss', loss_weight=4.0))
        self.loss_quality_weight = loss_quality_weight
        self.align_channels, self.align_statistics = align_channels, align_statistics
        self.adapters: nn.ModuleList | None = None

    def build_adapters(self, student_width: int, teacher_width: int) -> None:
        """Create the channel adapters, before the optimiser is built, if the widths of the two heads differ."""
        if self.align_channels == 'auto' and student_width != teacher_width and self.start > 0:
            self.adapters = nn.ModuleList(ChannelAdapter(student_width, teacher_width) for _ in range(2))

    def check(self, student: nn.Module, teacher: nn.Module) -> None:
        """Refuse heads that cannot be joined: see :class:`DistillationTerm`."""
        ours, theirs = student.bbox_head, teacher.bbox_head
        most = min(ours.stacked_convs, theirs.stacked_convs)
        if not 0 <= self.start <= most:
            raise UserError(f'CrossHeadKD: reused_teacher_head_idx={self.start} must lie in 0..{most}, the number of '
                            'tower convolutions of both heads')
        if layout_of(ours).distribution != layout_of(theirs).distribution or type(ours) is not type(theirs):
            raise UserError(f'CrossHeadKD: the student has {type(ours).__name__}, the teacher {type(theirs).__name__}; '
                            'both need the same kind of head')
        widths = (ours.in_channels, theirs.in_channels) if self.start == 0 else (ours.feat_channels,
                                                                                 theirs.feat_channels)
        if widths[0] != widths[1] and self.adapters is None:
            raise UserError(f'CrossHeadKD: the held features have {widths[0]} channels in the student and {widths[1]} '
                            "in the teacher; give both the same width or set align_channels='auto' "
                            '(with reused_teacher_head_idx > 0)')
        is_kl = type(self.loss_reg).__name__ == 'DistributionKLLoss'
        if is_kl != layout_of(ours).distribution:
            raise UserError(f'CrossHeadKD: loss_reg={type(self.loss_reg).__name__} does not fit '
                            f'{type(ours).__name__}; use DistributionKLLoss for GFLHead and an IoU loss otherwise')

    def forward(self, student: Trace, teacher: Trace, targets: DenseTargets) -> dict[str, list[Tensor]]:
        """See :class:`DistillationTerm`; one loss per level and name."""
        cross = self.cross_head_outputs(student, teacher)
        head = teacher.head
        classes = head.cls_out_channels
        weights, losses = [], {'loss_cls_kd': [], 'loss_reg_kd': []}
        for level, label_weights in enumerate(targets.label_weights):
            logits = rows(teacher.outputs[0][level], classes)
            weights.append(label_weights.flatten() * logits.float().sigmoid().amax(dim=1))
            losses['loss_cls_kd'].append(self.loss_cls(rows(cross[0][level], classes), logits, label_weights.flatten(),
                                                       targets.num_positives))
        total = reduce_mean(sum(w.sum() for w in weights).float()).clamp(min=1e-6)
        for level, weight in enumerate(weights):
            loss_reg = self._loss_reg(head, cross[1][level], teacher.outputs[1][level], targets.anchors[level], weight)
            losses['loss_reg_kd'].append(loss_reg / total)
        if layout_of(head).quality is not None:
            losses['loss_quality_kd'] = [self._loss_quality(cross[2][level], teacher.outputs[2][level], weight) / total
                                         for level, weight in enumerate(weights)]
        return losses

    def cross_head_outputs(self, student: Trace, teacher: Trace) -> tuple[list[Tensor], ...]:
        """Predictions of the teacher's remaining layers on the student's features; as the head's forward."""
        towers = []
        for tower, (ours, theirs) in enumerate(zip(student.held[self.start], teacher.held[self.start], strict=True)):
            if self.adapters is not None:
                with student.precision_of_layers():
                    ours = [self.adapters[tower](feature) for feature in ours]
            if self.align_statistics:
                ours = [align_statistics(s, t) for s, t in zip(ours, theirs, strict=True)]
            towers.append(ours)
        with student.precision_of_layers():
            return resume_towers(teacher.head, *towers, start=self.start)

    def _loss_reg(self, head: nn.Module, cross: Tensor, teacher: Tensor, anchors: Tensor, weight: Tensor) -> Tensor:
        """Weighted sum over the locations of one level, not yet divided by the sum of all weights."""
        if layout_of(head).distribution:
            bins = head.reg_max + 1
            return self.loss_reg(rows(cross, bins), rows(teacher, bins), weight.repeat_interleave(4), avg_factor=4.0)
        boxes = [head.bbox_coder.decode(anchors.flatten(0, 1), rows(x, 4).float()) for x in (cross, teacher)]
        return self.loss_reg(boxes[0], boxes[1].detach(), weight, reduction_override='none').sum()

    def _loss_quality(self, cross: Tensor, teacher: Tensor, weight: Tensor) -> Tensor:
        target = rows(teacher, 1).float().sigmoid().detach()
        loss = nn.functional.binary_cross_entropy_with_logits(rows(cross, 1).float(), target, reduction='none')
        return self.loss_quality_weight * (loss.flatten() * weight).sum()


def rows(x: Tensor, width: int) -> Tensor:
    """(N, A·width, H, W) -> (N·H·W·A, width), the order of mmdet's anchors."""
    return x.permute(0, 2, 3, 1).reshape(-1, width)


def align_statistics(student: Tensor, teacher: Tensor, eps: float = 1e-6) -> Tensor:
    """Give ``student`` the mean and standard deviation of ``teacher``, per channel over (N, H, W), in float32.

    Gradients flow through the student's statistics. A level with a single element per channel has no deviation and is
    returned as it is.

    Args:
        student: Shape (N, C, H, W).
        teacher: Shape (N, C, H, W), a constant.
        eps: Added to the student's standard deviation.

    Raises:
        ValueError: The shapes differ.
    """
    if student.shape != teacher.shape:
        raise ValueError(f'student features {tuple(student.shape)} and teacher features {tuple(teacher.shape)} differ: '
                         'both views must have the same size and both networks the same strides')
    if student.shape[0] * student.shape[2] * student.shape[3] == 1:
        return student
    student, teacher = student.float(), teacher.detach().float()
    dims = (0, 2, 3)
    std, mean = torch.std_mean(student, dim=dims, keepdim=True)
    target_std, target_mean = torch.std_mean(teacher, dim=dims, keepdim=True)
    return (student - mean) / (std + eps) * target_std + target_mean
