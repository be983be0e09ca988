"""Random numbers that are a function of (seed, rank, epoch or iteration): always others, the same after a resume.

mmengine seeds each data-loader worker from (seed, rank, worker) alone. Workers that are started anew each epoch then
repeat the same augmentations every epoch, and workers that live on draw other numbers after a resume than without one.
"""
from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS, HOOKS
from mmengine.runner import IterBasedTrainLoop, Runner

#: Two streams of one iteration of a loop that counts iterations: preparing its batch, and the step itself.
BATCH, STEP = 0, 1


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed Python, NumPy and torch at the start of every training epoch from (runner's seed, rank, epoch).

    Needs data loaders with ``persistent_workers=False`` and ``worker_init_fn=dict(type='seed_worker')``: torch derives
    the seeds of the new workers from the main process, which this hook has just seeded.

    A loop that counts iterations has one epoch, in whose middle a run may be resumed. There the seeds come from (seed,
    rank, iteration), anew for every batch and for every step. A resumed run equals an uninterrupted one with
    ``num_workers=0`` alone, because workers draw their numbers from where they were started.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed the main process for this epoch, or for the first batch of a loop that counts iterations."""
        if _counts_iterations(runner):
            _seed(runner, runner.iter, BATCH)
        else:
            _seed(runner, runner.epoch)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seed for the step: fetching a batch draws another number of times when it begins anew behind a resume."""
        if _counts_iterations(runner):
            _seed(runner, runner.iter, STEP)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Seed for the next batch, which is fetched before the hooks of its iteration are called."""
        if _counts_iterations(runner):
            _seed(runner, runner.iter + 1, BATCH)

    def after_val(self, runner: Runner) -> None:
        """The same behind a validation, which draws numbers between a step and the next batch."""
        if _counts_iterations(runner):
            _seed(runner, runner.iter, BATCH)


@FUNCTIONS.register_module()
def seed_worker(worker_id: int) -> None:
    """Seed Python and NumPy in a data-loader worker from the seed torch gave it."""
    _seed_all(torch.initial_seed())
    torch.set_num_threads(1)


def _counts_iterations(runner: Runner) -> bool:
    # `runner.train_loop` would build the loop where there is only a validation
    return isinstance(runner._train_loop, IterBasedTrainLoop)


def _seed(runner: Runner, *numbers: int) -> None:
    entropy = np.random.SeedSequence([abs(runner.seed or 0), get_rank(), *numbers])
    _seed_all(int(entropy.generate_state(1, np.uint64)[0] >> 1))


def _seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
