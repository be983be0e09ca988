"""A small clone of VGG-16 that agrees with it on good images; gradients of the disagreement show where it ends."""
from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import EXPORT_MAP, Maps

from .collapse_watch import CollapseWatch
from .teacher_student import TeacherStudentModel

#: Placements of the attention: in which networks it is, and whether its targets can be trained away.
ON_STUDENT, ON_SOURCE = ('student', 'both_shared'), ('source_frozen', 'both_shared', 'source')
TRAINABLE_SOURCE = ('both_shared', 'source')

#: Levels that tell anomalous images: pool3, pool4 and pool5. Training has pool2 too.
SCORED = slice(1, None)


@MODELS.register_module()
class MultiresolutionDistillation(TeacherStudentModel):
    """Multiresolution knowledge distillation, with residual attention if wanted.

    Salehi et al., CVPR 2021, arXiv:2011.11108. An image's score is its own loss on pool3 to pool5, its map a gradient
    of that with respect to the pixels. Where the attention belongs can be read in four ways, ``where``.

    Args:
        teacher: Config of the source network, ``VGGTeacher``.
        student: Config of the cloner.
        loss: Config of a loss with ``per_image``.
        localization: Config of the gradient map.
        attention: Config of a module (N, C, H, W) -> (N, C, H, W) without ``channels``, or None for none.
        where: ``'student'``: part of the cloner, targets stay the frozen features; ``'source_frozen'``: fixed random
            modules in the source; ``'both_shared'``: the same trained module in both; ``'source'``: trained in the
            source, which may collapse (a warning says so).
        positions: Layers behind which the attention is put: ``'conv2_2'`` is behind its ReLU and before the pooling,
            ``'pool2'`` behind that.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: Unknown ``where`` or position, or one at which source and cloner differ in width.
    """

    map_options: ClassVar[tuple[str, ...]] = ('localization', 'loss')

    def __init__(self, teacher: dict, student: dict, loss: dict, localization: dict, attention: dict | None = None,
                 where: Literal['student', 'source_frozen', 'both_shared', 'source'] = 'student',
                 positions: Sequence[str] = ('conv2_2', 'conv3_3'), save_teacher: bool = False,
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(teacher, save_teacher, data_preprocessor, init_cfg)
        check_option('model.where', where, ('student', 'source_frozen', 'both_shared', 'source'))
        self.where, self.student = where, MODELS.build(student)
        self.loss_terms, self.localization = MODELS.build(loss), MODELS.build(localization)
        self.attention = nn.ModuleDict() if attention is None else self._build_attention(attention, positions)
        self.collapse_watch = CollapseWatch(len(self.teacher.channels)) if self._trains_source else None
        if where == 'source_frozen':
            self.attention.requires_grad_(False)

    def _build_attention(self, cfg: dict, positions: Sequence[str]) -> nn.ModuleDict:
        ours, theirs = self.student.channels_at, self.teacher.channels_at
        for name in positions:
            check_option('a layer in model.positions', name, ours)
            if self.where == 'both_shared' and ours[name] != theirs[name]:
                raise UserError(f"model.positions has {name!r}, where the source has {theirs[name]} channels and the "
                                f"cloner {ours[name]}: where='both_shared' needs the last convolution of a block")
        channels = ours if self.where in ON_STUDENT else theirs
        return nn.ModuleDict({name: MODELS.build(dict(cfg, channels=channels[name])) for name in positions})

    @property
    def _trains_source(self) -> bool:
        return bool(self.attention) and self.where in TRAINABLE_SOURCE

    def train(self, mode: bool = True) -> MultiresolutionDistillation:
        """Frozen attention stays in eval mode."""
        super().train(mode)
        if self.where == 'source_frozen':
            self.attention.eval()
        return self

    @property
    def limits(self) -> dict[str, str]:
        """No exported file has the map."""
        return {**super().limits, EXPORT_MAP: 'its anomaly map is made of gradients'}

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None) -> dict[str, Tensor]:
        """``loss_val`` and ``loss_dir`` of images (N, 3, H, W), sides divisible by 32."""
        source, clone = self.features(inputs)
        if self.training and self.collapse_watch is not None:
            self.collapse_watch(source)
        return self.loss_terms(source, clone)

    def score_maps(self, inputs: Tensor) -> Maps:
        """With the mean squared differences of pool3 to pool5 as level maps.

        Gradients are enabled for it by itself, also inside ``torch.no_grad()`` and ``torch.inference_mode()``.
        """
        # Half precision would round the small gradients of means over whole maps to zero.
        with (torch.inference_mode(False), torch.autocast(inputs.device.type, enabled=False)):
            images = inputs.detach().clone()  # an inference tensor cannot take part in a backward pass
            images = images.to(torch.promote_types(images.dtype, torch.float32))
            with torch.no_grad():
                source, clone = (levels[SCORED] for levels in self.features(images))
                scores = self.loss_terms.per_image(source, clone).float()
                levels = tuple((s - c).square().mean(1).float() for s, c in zip(source, clone, strict=True))
            with torch.enable_grad():
                maps = self.localization(self.score, images, self._student_parts()).detach().float()
        return Maps(scores, maps, levels)

    def score(self, images: Tensor) -> Tensor:
        """Each image's loss on pool3 to pool5, (N,), differentiable with respect to ``images`` (N, 3, H, W)."""
        source, clone = self.features(images)
        return self.loss_terms.per_image(source[SCORED], clone[SCORED])

    def features(self, images: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """pool2 to pool5 of the source and of the cloner, (N, C_k, H / 2**k, W / 2**k), k = 2 to 5."""
        needed = self._trains_source or images.requires_grad
        with torch.set_grad_enabled(torch.is_grad_enabled() and needed):
            source = self.teacher(images, self.attention if self.where in ON_SOURCE else None)
        return source, self.student(images, self.attention if self.where in ON_STUDENT else None)

    def _student_parts(self) -> nn.Module:
        """The cloner, with the attention that is its own."""
        return nn.ModuleList([self.student, self.attention] if self.where == 'student' else [self.student])
