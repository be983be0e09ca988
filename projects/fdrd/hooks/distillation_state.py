"""What a distillation run must remember besides the student."""
from __future__ import annotations

import logging

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mminspect.core.errors import UserError
from mminspect.engine import unwrap
from mminspect.runtime.dataset_cfg import leaf_datasets

KEY = 'distillation'


@HOOKS.register_module()
class DistillationStateHook(Hook):
    """Keep the teacher's SHA-256 and the train-time adapters in the checkpoint, beside the student's ``state_dict``.

    On resuming, a teacher with another fingerprint is an error and the adapters get their weights back. Before
    training, the names of the classes that the teacher was trained on are compared with the student's.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare class names: in another order, every label the teacher gives would be wrong."""
        model = unwrap(runner.model)
        if not hasattr(model, 'teacher_slot'):
            return
        theirs = tuple(model.teacher.dataset_meta.get('classes') or ())
        first = leaf_datasets(runner.train_dataloader.dataset)[0]
        ours = tuple(getattr(first, 'metainfo', {}).get('classes') or ())
        if theirs and ours and theirs != ours:
            raise UserError(f'the teacher was trained on the classes {", ".join(theirs)}, the student is on '
                            f'{", ".join(ours)}: give both the same metainfo.classes in the same order')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add key ``distillation`` to the checkpoint."""
        model = unwrap(runner.model)
        if hasattr(model, 'teacher_slot'):
            checkpoint[KEY] = dict(
                teacher_sha256=model.teacher_slot.fingerprint,
                parameters={k: v.detach().cpu() for k, v in model.distillation_parameters().items()})

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore from key ``distillation`` when a training run is resumed."""
        model, state = unwrap(runner.model), checkpoint.get(KEY)
        if state is None or not runner._resume or not hasattr(model, 'teacher_slot'):
            return
        _ = model.teacher  # loaded by now in training; asking again costs nothing
        then, now = state['teacher_sha256'], model.teacher_slot.fingerprint
        if then != now:
            raise UserError(f'the teacher is not the one this run began with (SHA-256 {then[:12]}..., now '
                            f'{now[:12]}...): restore the old teacher_ckpt or start a new run')
        own = model.distillation_parameters()
        if own.keys() != state['parameters'].keys():
            print_log('The checkpoint has other distillation adapters than the config; they start anew.',
                      logger='current', level=logging.WARNING)
            return
        for name, value in state['parameters'].items():
            own[name].data.copy_(value)
