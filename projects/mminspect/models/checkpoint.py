"""A checkpoint, opened and read once, with everything that the project keeps in one."""
from __future__ import annotations

import inspect
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor, nn

from mminspect.core.errors import UserError
from mminspect.core.setup import setup
from mminspect.decisions import Calibration
from mminspect.engine.model_wrapper import unwrap

from . import package_weights  # noqa: F401 (registers package://)
from .contract import contract_of
from .map_settings import class_of, default_settings, map_settings
from .stored_config import read_stored_config

#: In place of a teacher's weights in a config: they come with the checkpoint that is loaded next, no file is read.
IN_CHECKPOINT = 'checkpoint'
#: Keys of a checkpoint: state of the calibration, and the SHA-256 of a teacher's weights that it does not hold.
CALIBRATION_KEY, TEACHER_KEY = 'threshold', 'teacher_sha256'


@dataclass(frozen=True)
class Checkpoint:
    """What is in a checkpoint. A command opens it once and hands it on.

    Attributes:
        path: As it was named.
        content: Everything in the file; of a file of bare weights ``{'state_dict': ...}``.
    """

    path: str
    content: dict[str, Any] = field(repr=False)

    @classmethod
    def open(cls, path: str | Path) -> Checkpoint:
        """Read a ``.pth`` or ``.safetensors`` file or an address onto the CPU, without executing anything in it.

        Raises:
            UserError: It is missing, damaged (the checksums in the file are compared), no checkpoint, or holds objects
                that only code can rebuild.
            urllib.error.URLError: It is an address and the network does not answer.
        """
        setup()
        loaded = CheckpointLoader.load_checkpoint(str(path), map_location='cpu', logger='silent')
        return cls(str(path), loaded if 'state_dict' in loaded else dict(state_dict=loaded))

    @cached_property
    def weights(self) -> dict[str, Tensor]:
        """Weights by name, without the prefix of distributed training, which all names have or none."""
        weights = dict(self.content['state_dict'])
        wrapped = all(str(name).startswith('module.') for name in weights)
        return {name.removeprefix('module.'): value for name, value in weights.items()} if wrapped else weights

    @property
    def holds_teacher(self) -> bool:
        """Whether a frozen teacher's weights (``teacher.*``) are in it."""
        return any(name.startswith('teacher.') for name in self.weights)

    @property
    def is_training_state(self) -> bool:
        """Whether a training can go on from it; else it holds weights alone."""
        return {'meta', 'message_hub'} <= self.content.keys()

    @property
    def teacher_sha256(self) -> str | None:
        """Identity of the teacher it was trained with and that it does not hold; None: there is none, or an older
        version wrote the file."""
        return self.content.get(TEACHER_KEY)

    @cached_property
    def calibration(self) -> Calibration | None:
        """Threshold and scales; None where it has none. UserError where they are damaged."""
        state = self.content.get(CALIBRATION_KEY)
        return None if state is None else Calibration.from_state(state)

    def calibration_for(self, cfg: Config) -> Calibration | None:
        """The calibration if it belongs to the maps that a config makes, else None with a warning."""
        return fitting_calibration(self.calibration, cfg)

    def config(self) -> Config:
        """The config it was trained with, as data: nothing in it is executed, nothing is imported.

        Raises:
            UserError: It has none.
        """
        return read_stored_config(self.content, self.path)

    def load_into(self, model: nn.Module) -> None:
        """Give a model the weights; what of them fits is judged by the model's own loading.

        Args:
            model: Built from the config, perhaps in the wrapper of distributed training.

        Raises:
            UserError: Weights are missing or of another shape, or the teacher is another one than in the training.
        """
        model = unwrap(model)
        own = {name: value.shape for name, value in model.state_dict().items()}
        with torch.no_grad():
            try:
                wrong = sorted(model.load_state_dict(dict(self.weights), strict=False).missing_keys)
            except RuntimeError as error:  # torch's word for shapes, and for what a model refuses by itself
                wrong = sorted(name for name, shape in own.items()
                               if name not in self.weights or self.weights[name].shape != shape)
                if not wrong:
                    raise self._foreign(_reason_of(error)) from error
        if wrong:
            raise self._foreign(f'{len(wrong)} of {len(own)} weights are missing or of another shape (first: '
                                f'{wrong[0]})')
        given, trained = contract_of(model).teacher_sha256(), self.teacher_sha256
        if given and trained and given != trained:
            raise UserError(f'checkpoint {self.path} was trained with a teacher of other weights (SHA-256 '
                            f'{trained[:8]}...) than this config names ({given[:8]}...), and would give wrong numbers: '
                            'set model.teacher.weights to those of the training')

    def _foreign(self, problem: str) -> UserError:
        return UserError(f'checkpoint {self.path} is not one of this config: {problem}; test it with the config it was '
                         'trained with')


def _reason_of(error: RuntimeError) -> str:
    """The first complaint in a message of :meth:`torch.nn.Module.load_state_dict`, whose first line only names the
    model."""
    return [line.strip() for line in str(error).splitlines() if line.strip()][-1]


def fitting_calibration(calibration: Calibration | None, cfg: Config) -> Calibration | None:
    """The calibration, or None with a warning where ``cfg`` makes other maps than those that it was fitted on."""
    differences = [] if calibration is None else calibration.differences(map_settings(cfg.model),
                                                                          default_settings(cfg.model))
    if not differences:
        return calibration
    _warn(f'The threshold in the checkpoint is NOT used, because it belongs to other maps: {"; ".join(differences)}. '
          'Choose one with mminspect calibrate, or use the config of the training.')
    return None


def without_teacher_files(model: Any, scope: str | None = None) -> Any:
    """A copy of a model's config whose teacher (under the key ``teacher``) waits for the weights of a checkpoint.

    Args:
        model: ``model`` of a config; one whose teacher has no argument ``weights`` stays as it is.
        scope: Where the teacher's class is looked up.
    """
    if isinstance(model, Mapping) and isinstance(model.get('teacher'), Mapping) and 'type' in model['teacher'] \
            and 'weights' in _arguments(model['teacher'], scope):
        teacher = dict(model['teacher'], weights=IN_CHECKPOINT)
        return type(model)({**model, 'teacher': type(model['teacher'])(teacher)})
    return model


def _arguments(component: Mapping[str, Any], scope: str | None) -> Collection[str]:
    """Names of what a component's class takes, and of what its config gives."""
    kind = class_of(component, scope)
    return {*component, *(() if kind is None else inspect.signature(kind).parameters)}


def newest_checkpoint(work_dir: str | Path) -> Path | None:
    """The checkpoint to resume from: the one ``last_checkpoint`` names, or the newest ``epoch_*`` or ``iter_*`` file.

    mmengine rewrites that pointer in place, so that it may be empty after a crash.
    """
    named = _named_last(work_dir)
    for path in (Path(named), Path(work_dir) / Path(named).name) if named else ():  # the folder may have been moved
        if path.is_file():
            return path
    saved = [path for kind in ('epoch', 'iter') for path in Path(work_dir).glob(f'{kind}_*.pth')]
    return max(saved, key=lambda path: path.stat().st_mtime, default=None)


def checkpoint_to_resume(work_dir: str | Path) -> Path | None:
    """:func:`newest_checkpoint`, with a warning where it is none at all or not the one that was the last.

    Raises:
        UserError: The last one is gone and no other is left.
    """
    newest, named = newest_checkpoint(work_dir), Path(_named_last(work_dir)).name
    if newest is None and named:
        raise UserError(f'{work_dir} names {named} as its last checkpoint, which does not exist, and holds no other: '
                        'put it back, or remove the file last_checkpoint to start from the beginning')
    if newest is None:
        _warn(f'nothing to resume in {work_dir}, training starts from the beginning')
    elif named and newest.name != named:
        _warn(f'the last checkpoint {named} of {work_dir} does not exist, training goes on from {newest.name}')
    return newest


def _named_last(work_dir: str | Path) -> str:
    pointer = Path(work_dir) / 'last_checkpoint'
    return pointer.read_text(errors='replace').strip() if pointer.is_file() else ''


def _warn(message: str) -> None:
    print_log(message, logger='current', level=logging.WARNING)


def weight_mismatch(own: Mapping[str, torch.Tensor], weights: Mapping[str, torch.Tensor]) -> str:
    """How ``weights`` differ from a model's ``own`` in names and shapes, for an error message; '' where they fit."""
    shapes = (name for name in own.keys() & weights.keys() if own[name].shape != weights[name].shape)
    groups = {'missing': own.keys() - weights.keys(), 'unexpected': weights.keys() - own.keys(),
              'of another shape': set(shapes)}
    return '; '.join(f'{len(names)} {what} (first: {min(names)})' for what, names in groups.items() if names)
