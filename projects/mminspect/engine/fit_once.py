"""Training of models that look at their data once: memory banks, statistics, dictionaries."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mminspect.core.errors import UserError

from .model_wrapper import unwrap


@LOOPS.register_module()
class FitOnceLoop(EpochBasedTrainLoop):
    """One pass over the training data without an optimiser.

    Each batch is shown to the model's ``collect(inputs, data_samples)``, in eval mode and without gradients; behind
    the last one its ``finish_fit()`` makes what it keeps. Hooks are called as in an epoch, so that logging, the
    checkpoint (``epoch_1.pth``) and the threshold work; then comes the validation, if there is one. A run that is
    resumed from its checkpoint is done. The config names no optimiser::

        train_cfg = dict(type='FitOnceLoop')

    Args:
        runner: The runner.
        dataloader: Of the training images; no batch should be dropped (``drop_last=False``).
        val_begin: As for mmengine's loop.
        val_interval: Likewise.
    """

    def __init__(self, runner: Runner, dataloader: DataLoader | dict, val_begin: int = 1,
                 val_interval: int = 1) -> None:
        super().__init__(runner, dataloader, max_epochs=1, val_begin=val_begin, val_interval=val_interval)

    @staticmethod
    def complete(cfg: Config) -> None:
        """Give a config what mmengine's Runner demands beside a training loop, in place of what is there.

        Raises:
            UserError: Several processes would train.
        """
        if cfg.get('launcher', 'none') != 'none':
            raise UserError('FitOnceLoop fits in one process, because every image belongs into one model: train '
                            'without --launcher')
        cfg.optim_wrapper = dict(type='NoOptimWrapper', constructor='NoOptimWrapperConstructor')
        cfg.param_scheduler = None

    def run(self) -> Any:
        """Fit, unless the run is resumed behind the fit.

        Raises:
            UserError: Weights would be averaged: the average never sees what is fitted.
        """
        if any(isinstance(hook, EMAHook) for hook in self.runner.hooks):
            raise UserError('FitOnceLoop has no steps whose weights could be averaged, and the average would be saved '
                            'in place of what was fitted: take EMAHook out of custom_hooks')
        return super().run()

    def run_epoch(self) -> None:
        """The pass over the data."""
        model = unwrap(self.runner.model)
        self.runner.call_hook('before_train_epoch')
        model.eval()
        with torch.no_grad():
            for index, batch in enumerate(self.dataloader):
                self.run_iter(index, batch)
            model.finish_fit()
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """One batch."""
        model = unwrap(self.runner.model)
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        prepared = model.data_preprocessor(data_batch, False)
        model.collect(prepared['inputs'], prepared['data_samples'])
        self.runner.call_hook('after_train_iter', batch_idx=idx, data_batch=data_batch, outputs={})
        self._iter += 1
