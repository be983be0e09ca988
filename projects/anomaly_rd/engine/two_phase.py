"""Training one part of a model after the other."""
from __future__ import annotations

from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from anomaly_rd.registry import HOOKS
from mminspect.core.errors import UserError
from mminspect.engine import unwrap
from mminspect.runtime import CHECKS

#: First iteration of the head's phase, where a config does not say.
SWITCH_AT = 1000


@HOOKS.register_module()
class TwoPhaseHook(Hook):
    """Train the student first, then, with the student fixed, the head.

    The phase follows from the number of the iteration, so that a resumed run is in the right one. The model offers
    ``set_phase('student' | 'head')``.

    Args:
        switch_at: First iteration (from 0) of the head's phase.
    """

    def __init__(self, switch_at: int = SWITCH_AT) -> None:
        self.switch_at = switch_at
        self._phase = ''

    def before_train(self, runner: Runner) -> None:
        """Set the phase.

        Raises:
            UserError: The model has no phases.
        """
        model = unwrap(runner.model)
        if not hasattr(model, 'set_phase'):
            raise UserError(f'TwoPhaseHook: {type(model).__name__} has no phases; remove the hook from custom_hooks')
        self._phase = ''
        self._set(runner)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Switch when it is time."""
        self._set(runner)

    def _set(self, runner: Runner) -> None:
        phase = 'student' if runner.iter < self.switch_at else 'head'
        if phase != self._phase:
            self._phase = phase
            unwrap(runner.model).set_phase(phase)
            print_log(f'From iteration {runner.iter + 1} on the {phase} is trained.', logger='current')


@CHECKS.register('length')
def check_phases(cfg: Config) -> None:
    """Raise UserError if a training of a config ends before the head's phase, with a head that knows nothing."""
    length = (cfg.get('train_cfg') or {}).get('max_iters')
    for hook in cfg.get('custom_hooks') or ():
        if length is not None and hook.get('type') in ('TwoPhaseHook', 'anomaly_rd.TwoPhaseHook', TwoPhaseHook):
            switch_at = hook.get('switch_at', SWITCH_AT)
            if switch_at >= length:
                raise UserError(f'TwoPhaseHook has switch_at={switch_at} and the training ends after {length} '
                                'iterations, so that the head would never be trained: set switch_at lower or '
                                'train_cfg.max_iters higher')
