"""A threshold in every checkpoint, fitted on normal images."""
from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import DataLoader

from anomaly_rd.postprocess.decisions import label_samples, normal_image
from anomaly_rd.registry import HOOKS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.decisions import HOLDOUT, RULES, TRAINING, fit_calibration
from mminspect.engine import unwrap
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import TRAINING_SCORES
from mminspect.models.checkpoint import CALIBRATION_KEY, Checkpoint
from mminspect.models.contract import contract_of
from mminspect.models.map_settings import map_settings

from .holdout import build_holdout, build_unseen, evaluating, kept_from_training, normal_batches, training_images


@HOOKS.register_module()
class ThresholdHook(Hook):
    """Score normal images for every checkpoint that is saved, and keep threshold and colour scales in it.

    Key ``threshold`` of the checkpoint holds :meth:`Calibration.state`: plain numbers and strings. Whoever loads the
    checkpoint with a Runner finds the :class:`Calibration` as ``model.calibration``, and tested samples get
    ``pred_label`` and ``threshold``. Checkpoints with averaged weights (EMA) are scored with those.

    Args:
        holdout_dataloader: Config of a data loader over normal images that the training does not use, with the test
            pipeline. None takes those that the training's data set keeps back (``holdout``), and where it keeps none
            the training images, whose scores are too small, and says so.
        rule: 'quantile', 'max' or 'mean_3sigma', see :func:`mminspect.decisions.fit_threshold`.
        quantile: For that rule, in (0, 1].
    """

    # behind EMAHook, which exchanges the weights of the checkpoint at NORMAL
    priority = 'LOW'

    def __init__(self, holdout_dataloader: Mapping[str, Any] | None = None, rule: str = 'quantile',
                 quantile: float = 0.995) -> None:
        check_option('ThresholdHook.rule', rule, RULES)
        if not 0 < quantile <= 1:
            raise UserError(f'ThresholdHook.quantile is {quantile}: give a share in (0, 1]')
        self.holdout_dataloader, self.rule, self.quantile = holdout_dataloader, rule, quantile
        self._loader: DataLoader | None = None
        self.origin = HOLDOUT

    def before_train(self, runner: Runner) -> None:
        """Build the data loader now: a mistake in it must not wait for the first checkpoint.

        Raises:
            UserError: Only training images are there, and the model cannot be judged by these; or the hold-out images
                are also trained on.
        """
        dataloader = self.holdout_dataloader or kept_from_training(runner.cfg)
        self.origin = TRAINING if dataloader is None else HOLDOUT
        if dataloader is not None:
            self._loader = build_unseen(dataloader, runner.train_dataloader, 'ThresholdHook')
            return
        model = unwrap(runner.model)
        if reason := contract_of(model).limits.get(TRAINING_SCORES):
            raise UserError(f'the threshold of {type(model).__name__} cannot be fitted on training images, because '
                            f'{reason}: keep some of them back (train_dataloader.dataset.holdout=0.2) or give '
                            'ThresholdHook a holdout_dataloader')
        print_log('ThresholdHook has no holdout_dataloader: the threshold is fitted on the TRAINING images, whose '
                  'scores are lower than those of new good parts, so expect false alarms', logger='current',
                  level=logging.WARNING)
        self._loader = build_holdout(training_images(runner.cfg))

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add key ``threshold``; only the first process comes here."""
        if self._loader is None:
            return
        with _weights_of(checkpoint, runner.model), evaluating(runner.model) as model:
            images = [normal_image(sample, pixels) for batch in normal_batches(self._loader)
                      for sample, pixels in zip(model.test_step(batch), batch['inputs'], strict=True)]
        fitted = fit_calibration(images, self.rule, self.quantile, self.origin)
        model.calibration = replace(fitted, settings=map_settings(runner.cfg.model))
        checkpoint[CALIBRATION_KEY] = model.calibration.state()
        print_log(f'threshold: {model.calibration.threshold}', logger='current')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Give the model what its checkpoint says; None for a checkpoint without a threshold for these maps."""
        unwrap(runner.model).calibration = Checkpoint('', checkpoint).calibration_for(runner.cfg)

    def before_test(self, runner: Runner) -> None:
        """Say which threshold is used."""
        calibration = unwrap(runner.model).calibration
        if calibration is None:
            print_log('There is no threshold: images get scores but no labels.', logger='current',
                      level=logging.WARNING)
        else:
            print_log(f'threshold: {calibration.threshold}', logger='current')

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                        outputs: Sequence[AnomalyDataSample] | None = None) -> None:
        """Label the tested samples."""
        calibration = unwrap(runner.model).calibration
        if calibration is not None:
            label_samples(outputs or (), calibration.threshold)


@contextmanager
def _weights_of(checkpoint: dict[str, Any], model: nn.Module) -> Iterator[None]:
    """Put the averaged weights that an EMA checkpoint holds into the model for a while."""
    if 'ema_state_dict' not in checkpoint:
        yield
        return
    # EMAHook exchanged tensors, not values: the checkpoint's entries may be the model's own parameters
    own: dict[str, Tensor] = copy.deepcopy(unwrap(model).state_dict())
    averaged: dict[str, Tensor] = copy.deepcopy(checkpoint['state_dict'])
    unwrap(model).load_state_dict(averaged)
    try:
        yield
    finally:
        unwrap(model).load_state_dict(own)
