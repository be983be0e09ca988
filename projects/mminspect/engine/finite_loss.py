"""Stop before a diverged model is saved."""
from __future__ import annotations

import math
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from torch import Tensor

from mminspect.core.errors import UserError

from .wild_weights import LARGEST_WEIGHT, wild_weights


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """End the run with one sentence when a loss is NaN or infinite, or weights are; no checkpoint is written behind
    that point.

    The last step before a checkpoint changes weights that no loss has seen yet: these are looked at.

    Args:
        interval: Iterations between two looks; a look waits for the GPU. Every checkpoint is preceded by one.
    """

    def __init__(self, interval: int = 10) -> None:
        self.interval = interval
        self._last: dict[str, Any] = {}
        self._iteration = 0

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Look at this iteration's losses."""
        self._last, self._iteration = outputs or {}, runner.iter + 1
        if self.every_n_train_iters(runner, self.interval):
            self._check()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the last iteration's losses, and at the weights that it left.

        Raises:
            UserError: One is NaN, infinite, or beyond all reason.
        """
        self._check()
        saved = [checkpoint.get(key) or {} for key in ('state_dict', 'ema_state_dict')]
        if bad := [name for weights in saved for name in wild_weights(weights)]:
            raise UserError(f'{len(bad)} weights of the model are NaN, infinite or beyond {LARGEST_WEIGHT:g} after '
                            f'iteration {self._iteration} (first: {bad[0]}): lower the learning rate '
                            '(optim_wrapper.optimizer.lr) or check the data; the last checkpoint is from before')

    def _check(self) -> None:
        bad = [name for name, value in self._last.items() if 'loss' in name and not _is_finite(value)]
        if bad:
            raise UserError(f'{" and ".join(sorted(bad))} became NaN or infinite at iteration {self._iteration}: lower '
                            'the learning rate (optim_wrapper.optimizer.lr) or check the data; the last checkpoint is '
                            'from before')


def _is_finite(value: Tensor | float) -> bool:
    return math.isfinite(float(value.detach() if isinstance(value, Tensor) else value))
