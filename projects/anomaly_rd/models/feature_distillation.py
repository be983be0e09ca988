"""Distillation of a frozen teacher's features: where teacher and student differ, there is a defect."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from anomaly_rd.registry import MODELS
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import Maps

from .teacher_student import TeacherStudentModel
from .teachers.feature_cache import FeatureCache

Levels = tuple[Tensor, ...]


class FeatureDistillation(TeacherStudentModel):
    """A student learns the levels of a frozen teacher on good images; a subclass says what it makes them from.

    Args:
        teacher: See :class:`TeacherStudentModel`.
        loss: Config of a module (teacher's levels, student's levels) -> (): ``CosineDistillationLoss``.
        map_head: Config of a module (teacher's levels, student's levels, size) -> maps, scores, level maps:
            ``CosineMapHead``.
        cache_features: Compute the teacher's features of each training image once and keep them in the memory of the
            CPU. Valid only where the training pipeline is deterministic (no augmentation). Each process keeps the
            images it has seen.
        cache_dtype: How they are kept, ``'bfloat16'`` or ``'float32'``.
        cache_limit_bytes: Give up caching, with a warning, where they need more.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: ``cache_dtype`` is unknown.
    """

    map_options: ClassVar[tuple[str, ...]] = ('map_head', )

    def __init__(self, teacher: dict, loss: dict, map_head: dict, cache_features: bool = False,
                 cache_dtype: Literal['bfloat16', 'float32'] = 'bfloat16', cache_limit_bytes: int = 4 * 2**30,
                 save_teacher: bool = False, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(teacher, save_teacher, data_preprocessor, init_cfg)
        self.cache = FeatureCache(cache_dtype, cache_limit_bytes) if cache_features else None
        self.loss_distill, self.map_head = MODELS.build(loss), MODELS.build(map_head)

    @abstractmethod
    def imitate(self, inputs: Tensor, teacher_feats: Levels) -> Levels:
        """The student's levels of images (N, 3, H, W), which have the shapes of the teacher's, ``teacher_feats``."""

    def loss(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None = None) -> dict[str, Tensor]:
        """``loss_distill`` () of normalised images.

        Args:
            inputs: (N, 3, H, W).
            data_samples: One per image; needed with ``cache_features``.
        """
        teacher_feats = self.training_feat(inputs, data_samples)
        return dict(loss_distill=self.loss_distill(teacher_feats, self.imitate(inputs, teacher_feats)))

    def score_maps(self, inputs: Tensor) -> Maps:
        """Scores (N,), maps (N, H, W) at the size of ``inputs`` and level maps, all float32."""
        anomaly_map, score, levels = self.map_head(*self.features(inputs), size=tuple(inputs.shape[2:]))
        return Maps(score, anomaly_map, tuple(levels))

    def features(self, inputs: Tensor) -> tuple[Levels, Levels]:
        """Levels (N, C_k, H / s_k, W / s_k) of teacher and of student, s_k the teacher's strides."""
        teacher_feats = self.extract_feat(inputs)
        return teacher_feats, self.imitate(inputs, teacher_feats)

    @torch.no_grad()
    def extract_feat(self, inputs: Tensor) -> Levels:
        """The teacher's levels of ``inputs``."""
        return self.teacher(inputs)

    def training_feat(self, inputs: Tensor, data_samples: list[AnomalyDataSample] | None) -> Levels:
        """The same of a training batch; with ``cache_features`` computed at most once for every image, in float32
        unless autocast is on."""
        if not self.training or self.cache is None:
            return self.extract_feat(inputs)
        keys: list[Hashable] = [(sample.get('img_path'), sample.sample_idx) for sample in data_samples]
        levels = self.cache.get(keys, inputs.device)
        if levels is None:
            levels = self.cache.put(keys, self.extract_feat(inputs))
        if torch.is_autocast_enabled(inputs.device.type):
            return levels
        return tuple(level.to(inputs.dtype) for level in levels)

    def _load_from_state_dict(self, *args: Any) -> None:
        super()._load_from_state_dict(*args)
        if self.cache is not None:
            self.cache.clear()  # the teacher may be another one now
