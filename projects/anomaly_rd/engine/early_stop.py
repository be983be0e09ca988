"""The end of a training by the loss on normal images it has not seen."""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from anomaly_rd.registry import HOOKS
from mminspect.core.errors import UserError

from .holdout import build_unseen, evaluating, normal_batches

#: Key of the checkpoint.
KEY = 'early_stop'


@HOOKS.register_module()
class NormalLossEarlyStopHook(Hook):
    """Stop when the loss on hold-out normal images has not improved for ``patience`` evaluations.

    The loss is written as scalar ``val/holdout_loss``. No defect and no test image takes part, so that the epoch is not
    chosen by the result it is reported with. The epoch that stops is the last one: it is validated and saved.

    Args:
        holdout_dataloader: Config of a data loader over normal images that the training does not use, with the
            training pipeline (a method that corrupts its images gets the same corruptions at every evaluation).
        interval: Epochs between two evaluations.
        patience: Evaluations without improvement before the end.
        min_delta: What counts as improvement, as a share of the best loss.
    """

    # before LoggerHook and CheckpointHook, which ask whether this is the last epoch
    priority = 'NORMAL'

    def __init__(self, holdout_dataloader: Mapping[str, Any], interval: int = 1, patience: int = 5,
                 min_delta: float = 0.0) -> None:
        if interval < 1 or patience < 1 or min_delta < 0:
            raise UserError(f'NormalLossEarlyStopHook: interval={interval} and patience={patience} must be at least 1, '
                            f'min_delta={min_delta} at least 0')
        self.holdout_dataloader, self.interval = holdout_dataloader, interval
        self.patience, self.min_delta = patience, min_delta
        self._loader: DataLoader | None = None
        self._best, self._waited = math.inf, 0

    def before_train(self, runner: Runner) -> None:
        """Build the data loader; a run that was stopped and is resumed ends here."""
        if not hasattr(runner.train_loop, 'run_epoch'):
            raise UserError('NormalLossEarlyStopHook counts epochs: use it with an EpochBasedTrainLoop')
        self._loader = build_unseen(self.holdout_dataloader, runner.train_dataloader, 'NormalLossEarlyStopHook')
        if self._waited >= self.patience:
            print_log('This run was already stopped by the loss on hold-out images.', logger='current')
            runner.train_loop.stop_training = True

    def after_train_epoch(self, runner: Runner) -> None:
        """Evaluate, remember, and make this epoch the last if patience is at its end."""
        if not self.every_n_epochs(runner, self.interval):
            return
        loss, epoch = self._loss(runner), runner.epoch + 1
        runner.visualizer.add_scalar('val/holdout_loss', loss, step=epoch)
        if loss < self._best - (self.min_delta * abs(self._best) if math.isfinite(self._best) else 0.0):
            self._best, self._waited = loss, 0
        else:
            self._waited += 1
        print_log(f'epoch {epoch}: loss on hold-out normal images {loss:.5f}, best {self._best:.5f}, '
                  f'{self._waited} of {self.patience} evaluations without improvement', logger='current')
        if self._waited >= self.patience:
            # With this the checkpoint, the log and the validation treat the epoch as the last one.
            runner.train_loop._max_epochs = epoch
            runner.train_loop.stop_training = True

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add key ``early_stop``."""
        checkpoint[KEY] = dict(best=self._best, waited=self._waited)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on counting when a training run is resumed."""
        if runner._resume and KEY in checkpoint:
            self._best, self._waited = checkpoint[KEY]['best'], checkpoint[KEY]['waited']

    def _loss(self, runner: Runner) -> float:
        """Mean over the hold-out images; the same number in every process, which all have to stop together."""
        total, count = 0.0, 0
        with evaluating(runner.model) as model:
            for batch in normal_batches(self._loader):
                size = len(batch['data_samples'])
                losses = model(**model.data_preprocessor(batch, False), mode='loss')
                total, count = total + size * float(model.parse_losses(losses)[0]), count + size
        mean = torch.tensor(total / count, dtype=torch.float64)
        all_reduce(mean, 'mean')
        return float(mean)
