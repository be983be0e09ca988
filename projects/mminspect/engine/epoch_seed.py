"""Random numbers that are a function of (seed, rank, epoch): different every epoch, the same after a resume.

mmengine seeds each data-loader worker from (seed, rank, worker) alone. Workers that are started anew each epoch then
repeat the same augmentations every epoch, and workers that live on draw other numbers after a resume than without one.
"""
from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS, HOOKS
from mmengine.runner import Runner


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed Python, NumPy and torch at the start of every training epoch from (runner's seed, rank, epoch).

    Needs data loaders with ``persistent_workers=False`` and ``worker_init_fn=dict(type='seed_worker')``: torch derives
    the seeds of the new workers from the main process, which this hook has just seeded.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed the main process for this epoch."""
        entropy = np.random.SeedSequence([abs(runner.seed or 0), get_rank(), runner.epoch])
        _seed_all(int(entropy.generate_state(1, np.uint64)[0] >> 1))


@FUNCTIONS.register_module()
def seed_worker(worker_id: int) -> None:
    """Seed Python and NumPy in a data-loader worker from the seed torch gave it."""
    _seed_all(torch.initial_seed())
    torch.set_num_threads(1)


def _seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
