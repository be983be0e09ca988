"""A single-stage detector that learns from labels and from a frozen teacher."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from mmdet.models.detectors import SingleStageDetector
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from torch import Tensor, nn

from fdrd.tracing import Trace, recording_targets, trace_head
from mminspect.models.precision import active_autocast
from mminspect.models.teacher import computing_as, has_own_precision
from mminspect.models.views import refuse_undeclared

from .frozen_teacher import DetectorTeacherSlot, peek_feat_channels


@MODELS.register_module()
class DistilledDetector(SingleStageDetector):
    """The student. Its parameters, buffers, checkpoint and predictions are those of the plain single-stage detector.

    One training step: student trace (noisy view), teacher trace (clean view, no gradient), the head's own detection
    loss, plus the losses of every distillation term. Losses and terms compute in float32, also inside of autocast. The
    teacher is no submodule: it is absent from ``parameters()``, ``state_dict()``, DDP and the optimiser, always in eval
    mode and without gradients. It is read from its files when training starts (``init_weights`` or the first loss), so
    testing and deployment need neither of them.

    Args:
        backbone, neck, bbox_head, train_cfg, test_cfg: The student, as in mmdet. Heads: GFLHead, ATSSHead, RetinaHead.
        teacher_config: Config of the teacher: a dict with key ``model``, a path, or ``'mmdet::...'``. None for a
            student that only predicts.
        teacher_ckpt: Its checkpoint, loaded strictly. None gives random weights, which is announced loudly.
        distillers: Configs of the :class:`fdrd.distillers.DistillationTerm` modules.
        teacher_dtype: ``'bfloat16'`` or ``'float16'``: the teacher computes in half precision, whatever the student
            computes in; None: as the student.
        data_preprocessor: ``DualViewDetDataPreprocessor`` where the pipeline makes two views.

    Raises:
        UserError: Another ``teacher_dtype``.
    """

    def __init__(self, backbone: dict, neck: dict, bbox_head: dict, teacher_config: dict | str | None,
                 teacher_ckpt: str | None = None, distillers: list[dict] | None = None, train_cfg: dict | None = None,
                 test_cfg: dict | None = None, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None, teacher_dtype: str | None = None) -> None:
        super().__init__(backbone, neck, bbox_head, train_cfg, test_cfg, data_preprocessor, init_cfg)
        self.teacher_slot = DetectorTeacherSlot(teacher_config, teacher_ckpt, teacher_dtype)
        self.distillers = nn.ModuleList(MODELS.build(cfg) for cfg in distillers or [])
        teacher_width = peek_feat_channels(teacher_config)
        for term in self.distillers:
            if teacher_width is not None:
                term.build_adapters(self.bbox_head.feat_channels, teacher_width)

    @property
    def hold(self) -> frozenset[int]:
        """Tower convolutions whose features some term needs."""
        return frozenset(t for term in self.distillers for t in term.hold)

    @property
    def teacher(self) -> nn.Module:
        """The frozen teacher, loaded and checked against the student on first use.

        Raises:
            UserError: Its config or checkpoint is missing or does not fit, or the two detectors cannot be joined.
        """
        return self.teacher_slot.get(self)

    def init_weights(self) -> None:
        """Initialise the student and load the teacher, so that a wrong teacher ends the run before it starts."""
        super().init_weights()
        _ = self.teacher

    def forward(self, inputs: Tensor, data_samples: list | None = None, mode: str = 'tensor',
                inputs_clean: Tensor | None = None, **views: Tensor) -> Any:
        """As mmdet's detectors; ``inputs_clean`` (N, 3, H, W) is the teacher's view, ``inputs`` where it is None.

        Raises:
            UserError: There is another view, which nobody takes.
        """
        refuse_undeclared(type(self).__name__, ('clean',), views)
        if mode == 'loss':
            return self.loss(inputs, data_samples, inputs_clean)
        return super().forward(inputs, data_samples, mode)

    def loss(self, batch_inputs: Tensor, batch_data_samples: list, inputs_clean: Tensor | None = None) -> dict:
        """Detection losses of the student and the losses of every term, by name.

        Raises:
            ValueError: The two views differ in size, or two terms give losses of one name.
        """
        if inputs_clean is not None and inputs_clean.shape != batch_inputs.shape:
            raise ValueError(f'the student sees {tuple(batch_inputs.shape)}, the teacher {tuple(inputs_clean.shape)}')
        teacher_trace = self._teacher_trace(batch_inputs if inputs_clean is None else inputs_clean)
        student_trace = trace_head(self.bbox_head, self.extract_feat(batch_inputs), self.hold)
        instances, ignored, metas = unpack_gt_instances(batch_data_samples)
        with recording_targets(self.bbox_head) as targets:
            losses = self.bbox_head.loss_by_feat(*student_trace.outputs, instances, metas, ignored)
        with torch.autocast(batch_inputs.device.type, enabled=False):
            student_trace = student_trace.in_float32()
            for term in self.distillers:
                added = term(student_trace, teacher_trace, targets)
                if twice := set(added) & set(losses):
                    raise ValueError(f'two distillation terms give {sorted(twice)}; use each kind of term once')
                losses.update(added)
        return losses

    @torch.no_grad()
    def _teacher_trace(self, images: Tensor) -> Trace | None:
        """What the terms need of the teacher for images (N, 3, H, W), with nothing that autocast left in half
        precision; None where there is no term."""
        teacher = self.teacher
        if not self.distillers:
            return None
        head_too = any(term.reads_head for term in self.distillers)
        with computing_as(teacher, images.dtype):
            own = has_own_precision(teacher, images.dtype)
            neck = teacher.extract_feat(images.to(next(teacher.parameters()).dtype) if own else images)
            if head_too:
                return trace_head(teacher.bbox_head, neck, self.hold).in_float32()
            return Trace(teacher.bbox_head, neck, autocast=active_autocast(images.device.type)).in_float32()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> DistilledDetector:
        """Move or cast the teacher along with the student (``to``, ``cuda``, ``half``, ... all end here)."""
        super()._apply(fn, recurse)
        self.teacher_slot.follow(fn)
        return self

    def distillation_parameters(self) -> dict[str, Tensor]:
        """Train-time parameters of the terms, by name; never part of ``state_dict()``."""
        return dict(self.distillers.named_parameters())
