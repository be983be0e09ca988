"""What models with a frozen teacher have in common."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_model import EXPORT, AnomalyModel
from mminspect.models.teacher import TeacherSlot

from .teachers import FrozenTeacher


class TeacherStudentModel(AnomalyModel):
    """A model that knows a teacher without containing it.

    The teacher is no submodule (see :mod:`mminspect.models.teacher`): it is absent from ``parameters()``, the optimiser
    and DDP, always in eval mode and without gradients; it follows the model to its device, dtype and memory format. Nor
    is it part of ``state_dict()``, unless it is random or ``save_teacher`` is set: a checkpoint without it needs the
    teacher's weights file to be used (and is refused with another one, see
    :class:`~anomaly_rd.engine.TeacherIdentityHook`), one with it overrides whatever the teacher was built with.

    Args:
        teacher: Config of a :class:`FrozenTeacher`; with ``dtype='bfloat16'`` or ``'float16'`` it computes in half
            precision, whatever the student computes in, and cannot be exported.
        save_teacher: Put the teacher into checkpoints, so that they need no other file. Always so for random teachers
            and those with ``weights='checkpoint'``.
    """

    def __init__(self, teacher: dict, save_teacher: bool = False, data_preprocessor: dict | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        cfg = dict(teacher)
        self.teacher_slot = TeacherSlot(cfg.pop('dtype', None))
        self.teacher_slot.put(MODELS.build(cfg))
        self.save_teacher = save_teacher or self.teacher.is_random or self.teacher.is_in_checkpoint

    @property
    def teacher(self) -> FrozenTeacher:
        """The frozen teacher."""
        return self.teacher_slot.module

    @property
    def limits(self) -> Mapping[str, str]:
        """A teacher in half precision is not exported."""
        if self.teacher_slot.dtype is None:
            return super().limits
        return {EXPORT: 'its teacher computes in half precision, which a file cannot repeat on every runtime; set '
                        'model.teacher.dtype=None for the export'}

    def need_levels(self, least: int, most: int) -> None:
        """Raise UserError unless the teacher has a suitable number of levels."""
        count = len(self.teacher.channels)
        if not least <= count <= most:
            wanted = str(least) if least == most else f'{least} to {most}'
            raise UserError(f'{type(self).__name__} needs a teacher with {wanted} levels, and {count} has this '
                            f'{type(self.teacher).__name__}: correct model.teacher (features of a ResNetTeacher, '
                            'out_indices of a backbone)')

    def take_levels(self, levels: Sequence[int]) -> None:
        """Remember which of the teacher's levels, counted from 1, the model uses; see :meth:`taken`.

        Raises:
            UserError: They are no such numbers, or the teacher has fewer levels.
        """
        if not levels or any(type(level) is not int or level < 1 for level in levels):
            raise UserError(f'model.levels is {levels!r}: give numbers of levels of the teacher, from 1 on')
        self.need_levels(max(levels), max(len(self.teacher.channels), max(levels)))
        self._levels = tuple(level - 1 for level in levels)

    @property
    def taken_channels(self) -> list[int]:
        """Channels of the levels that the model uses."""
        return self.taken(self.teacher.channels)

    def taken(self, levels: Sequence[Any]) -> list[Any]:
        """Of something for each level of the teacher, what belongs to those that the model uses."""
        return [levels[level] for level in self._levels]

    def need_sides(self, multiple: int) -> None:
        """Raise UserError unless the data preprocessor lets only images through whose sides are multiples of
        ``multiple`` pixels."""
        divisor = getattr(self.data_preprocessor, 'size_divisor', multiple)
        if divisor % multiple:
            raise UserError(f'the teacher of {type(self).__name__} has strides {self.teacher.layout.strides}, so that '
                            f'images need sides that are multiples of {multiple} pixels, and size_divisor of '
                            f'model.data_preprocessor is {divisor}: set it to {multiple} and choose such a size of '
                            'images')

    def teacher_sha256(self) -> str | None:
        """Which weights the teacher has, in 64 hexadecimal digits; None for one that is in the model's checkpoints."""
        return None if self.save_teacher else self.teacher_slot.identity()

    def outside_modules(self) -> dict[str, nn.Module]:
        """The teacher."""
        return dict(teacher=self.teacher)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> TeacherStudentModel:
        """Move or cast the teacher along (``to``, ``cuda``, ``half``, ... all end here)."""
        super()._apply(fn, recurse)
        self.teacher_slot.follow(fn)
        return self

    def _save_to_state_dict(self, destination: dict, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if self.save_teacher:
            self.teacher.state_dict(destination=destination, prefix=f'{prefix}teacher.', keep_vars=keep_vars)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, local_metadata: dict, strict: bool,
                              missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str]) -> None:
        start = f'{prefix}teacher.'
        weights = {key[len(start):]: state_dict.pop(key) for key in [*state_dict] if key.startswith(start)}
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
                                      error_msgs)
        if not weights and not self.save_teacher:
            return
        self.teacher_slot.fingerprint = ''
        try:
            result = self.teacher.load_state_dict(weights, strict=False)
        except RuntimeError as error:  # shapes
            error_msgs.append(f'teacher: {error}')
            return
        missing_keys += [start + key for key in result.missing_keys]
        unexpected_keys += [start + key for key in result.unexpected_keys]
