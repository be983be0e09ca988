"""Looking at normal images in the middle of a training without leaving a trace in it."""
from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sized
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from anomaly_rd.datasets.checks import refuse_shared
from mminspect.core.config_entries import file_of
from mminspect.core.errors import UserError
from mminspect.engine import unwrap
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaf_datasets, leaves, representative, with_pipeline

#: Entries of a data loader's config that choose, order or drop images, or keep processes alive in between.
IGNORED = ('sampler', 'batch_sampler', 'shuffle', 'drop_last', 'persistent_workers', 'num_batch_per_epoch')


def build_holdout(dataloader: Mapping[str, Any]) -> DataLoader:
    """A data loader that gives every image once, in order and completely in every process of a distributed run.

    Args:
        dataloader: Config with ``dataset``; ``batch_size`` (1) and ``num_workers`` (0) as usual. The entries of
            :data:`IGNORED` have no effect.

    Raises:
        UserError: The data set is empty.
    """
    kept = {key: value for key, value in dataloader.items() if key not in IGNORED}
    loader = Runner.build_dataloader(dict(kept, sampler=None), seed=0)
    if not len(loader.dataset):
        raise UserError('holdout_dataloader has no images: give it normal images that the training does not use')
    return loader


def build_unseen(dataloader: Mapping[str, Any], training: DataLoader, owner: str) -> DataLoader:
    """As :func:`build_holdout`, for images that the training does not use.

    Args:
        dataloader: Config.
        training: The training's data loader.
        owner: Whose ``dataloader`` it is, for messages.

    Raises:
        UserError: Also where an image is in both.
    """
    loader = build_holdout(dataloader)
    refuse_shared(_paths(training.dataset), _paths(loader.dataset), f'holdout_dataloader of {owner}')
    return loader


def _paths(dataset: Sized) -> list[str]:
    """Paths of the images, as far as the data set knows them."""
    infos = (leaf.get_data_info(index) for leaf in leaf_datasets(dataset) if hasattr(leaf, 'get_data_info')
             for index in range(len(leaf)))
    return [info['img_path'] for info in infos if 'img_path' in info]


def training_images(cfg: Config) -> dict[str, Any]:
    """Config of a data loader over the training images, prepared as in the test, not corrupted or augmented.

    Raises:
        UserError: ``cfg`` has no training or no test set, or several test sets that prepare images in different ways.
    """
    if 'train_dataloader' not in cfg or 'test_dataloader' not in cfg:
        raise UserError(f'{file_of(cfg)} needs train_dataloader and test_dataloader, or a '
                        'holdout_dataloader for the threshold')
    dataloader = cfg.train_dataloader.to_dict()
    dataloader.pop('collate_fn', None)
    test = representative(cfg.test_dataloader.to_dict()['dataset'], ('pipeline', ))
    dataloader['dataset'] = with_pipeline(dataloader['dataset'], test['pipeline'])
    return dataloader


@CHECKS.register('holdout')
def kept_from_training(cfg: Config) -> dict[str, Any] | None:
    """Config of a data loader over the images that the training's data set keeps back (``holdout``), prepared as in the
    test; None where it keeps none.

    Raises:
        UserError: Of several data sets some keep images back and others do not, or as :func:`training_images`.
    """
    training = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    parts = leaves(training)
    others = [leaf for leaf in parts if not (leaf.get('holdout') and leaf.get('split', 'train') == 'train')]
    if len(others) == len(parts):
        return None
    if others:
        name = ', '.join(f'{key}={others[0][key]!r}' for key in ('data_root', 'category', 'split') if key in others[0])
        raise UserError(f'{len(parts) - len(others)} of {len(parts)} data sets of train_dataloader keep images back '
                        f'(holdout) for the threshold, others do not (first: {name}): give all of them the same '
                        'holdout, or none')
    dataloader = training_images(cfg)
    for leaf in leaves(dataloader['dataset']):
        leaf.update(split='holdout', test_mode=True)
    return dataloader


def normal_batches(loader: DataLoader) -> Iterator[dict[str, Any]]:
    """The batches of ``loader``.

    Raises:
        UserError: An image is labelled anomalous: a threshold and a stopping rule must not see defects.
    """
    for batch in loader:
        for sample in batch['data_samples']:
            if int(sample.get('gt_label', 0)) != 0:
                raise UserError(f'holdout_dataloader holds an anomalous image, {sample.get("img_path")}: give it '
                                'normal images only')
        yield batch


@contextmanager
def evaluating(model: nn.Module, seed: int = 0) -> Iterator[nn.Module]:
    """The model without its DDP wrapper, in eval mode, without gradients, with random numbers from ``seed``.

    Afterwards the mode of every module and all random states are as before, so that a training which is looked at goes
    on as one which is not.
    """
    model = unwrap(model)
    modes = [(module, module.training) for module in model.modules()]
    python, numpy = random.getstate(), np.random.get_state()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices), torch.no_grad():
            random.seed(seed)
            np.random.seed(seed)
            torch.manual_seed(seed)
            model.eval()
            yield model
    finally:
        for module, mode in modes:
            module.training = mode
        random.setstate(python)
        np.random.set_state(numpy)
