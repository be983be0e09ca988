"""Models whose frozen teacher sees the same images in every epoch."""
from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

import torch
from torch import Tensor

from mminspect.models.anomaly_data_sample import AnomalyDataSample

from .teacher_student import TeacherStudentModel
from .teachers.feature_cache import FeatureCache

Levels = tuple[Tensor, ...]


class CachingModel(TeacherStudentModel):
    """A model that can keep the teacher's features of its training images.

    Args:
        teacher: See :class:`TeacherStudentModel`.
        cache_features: Compute the teacher's features of each training image once and keep them in the memory of the
            CPU. Valid only where the training pipeline is deterministic (no augmentation). Each process keeps the
            images it has seen.
        cache_dtype: How they are kept, ``'bfloat16'`` or ``'float32'``.
        cache_limit_bytes: Give up caching, with a warning, where they need more.
        save_teacher: See :class:`TeacherStudentModel`.

    Raises:
        UserError: ``cache_dtype`` is unknown.
    """

    def __init__(self, teacher: dict, cache_features: bool = False,
                 cache_dtype: Literal['bfloat16', 'float32'] = 'bfloat16', cache_limit_bytes: int = 4 * 2**30,
                 save_teacher: bool = False, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(teacher, save_teacher, data_preprocessor, init_cfg)
        self.cache = FeatureCache(cache_dtype, cache_limit_bytes) if cache_features else None

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
