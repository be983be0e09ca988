"""Refuse a training without a single step."""
from __future__ import annotations

from mmengine.dataset import InfiniteSampler
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mminspect.core.errors import UserError


@HOOKS.register_module()
class EmptyLoaderHook(Hook):
    """End the run with one sentence when the training's data loader has no batch, which mmengine takes for success."""

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Count the batches of an epoch.

        Raises:
            UserError: There is none.
        """
        loader = runner.train_dataloader
        # an infinite sampler fills batches that are larger than the data set
        if len(loader) or isinstance(loader.batch_sampler.sampler, InfiniteSampler):
            return
        raise UserError(f'train_dataloader has no batch: {len(loader.dataset)} images are less than one batch_size and '
                        'drop_last=True drops the rest, so lower train_dataloader.batch_size or set drop_last=False')
