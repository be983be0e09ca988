"""What can be known to go wrong before a run starts: work directory, disk, data, and what of it is left out."""
from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from mminspect.core.errors import UserError

#: Below this, a run does not start: mmengine would fail half-way through its first checkpoint.
MINIMUM_FREE_BYTES = 200 * 2**20

#: Checks of data set configs, added by the projects when they are imported: ``dataset`` dict -> warnings, or UserError.
DATA_CHECKS: list[Callable[[dict], list[str]]] = []

#: Checks that a model fits its data, added likewise: ``model`` dict and ``dataset`` dict -> None, or UserError.
MODEL_CHECKS: list[Callable[[dict, dict], None]] = []

#: Checks of the training's data set against another one, added likewise: both ``dataset`` dicts and the name of the
#: second one's data loader -> None, or UserError.
SPLIT_CHECKS: list[Callable[[dict, dict, str], None]] = []

#: Tell a set of test images that nobody has from one in which something is wrong, added likewise: ``dataset`` dict ->
#: the place where there is nothing, or None.
ABSENCE_CHECKS: list[Callable[[dict], str | None]] = []

#: Checks that a training is long enough for what its config asks for, added likewise: config -> None, or UserError.
LENGTH_CHECKS: list[Callable[[Config], None]] = []


def prepare_work_dir(path: str, free_bytes: int = MINIMUM_FREE_BYTES, option: str = '--work-dir') -> None:
    """Create the folder of a run and make sure that it can be written to.

    Args:
        path: Of the folder.
        free_bytes: Least room on its disk.
        option: Of the tool, that names another folder.

    Raises:
        UserError: It cannot be created or written, or the disk has less than ``free_bytes`` left.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(f'folder {path} cannot be written ({os.strerror(error.errno or 0)}): '
                        f'choose another with {option}') from error
    free = shutil.disk_usage(path).free
    if free < free_bytes:
        raise UserError(f'only {free >> 20} MiB are free under {path}, a run needs at least {free_bytes >> 20} MiB: '
                        f'free some space or choose another {option}')


def check_length(cfg: Config) -> None:
    """Make sure that a training has something to do.

    Raises:
        UserError: It has no epoch or iteration, or a check of :data:`LENGTH_CHECKS` found it too short.
    """
    for key in ('max_epochs', 'max_iters'):
        value = (cfg.get('train_cfg') or {}).get(key)
        if value is not None and (type(value) is not int or value < 1):
            raise UserError(f'train_cfg.{key} of {cfg.filename} is {value!r}: give a whole number, 1 or more')
    for check in LENGTH_CHECKS:
        check(cfg)


def check_data(cfg: Config, parts: tuple[str, ...]) -> None:
    """Check the data sets of the named dataloaders and log what is odd but allowed.

    With ``train_dataloader`` come those that hooks have for themselves (``holdout_dataloader``), and the comparison of
    the training's images with all others, those of the test included.

    Raises:
        UserError: A check of :data:`DATA_CHECKS`, :data:`MODEL_CHECKS` or :data:`SPLIT_CHECKS` found a mistake.
    """
    loaders = {part: cfg[part] for part in parts if cfg.get(part) is not None}
    training = 'train_dataloader' in loaders
    if training:
        loaders.update(_holdouts(cfg))
    for part, dataloader in loaders.items():
        if dataloader.get('batch_size', 1) < 1 or dataloader.get('num_workers', 0) < 0:
            raise UserError(f'{part} of {cfg.filename} has batch_size={dataloader.get("batch_size")} and '
                            f'num_workers={dataloader.get("num_workers", 0)}: at least 1 and 0 are needed')
        for check in MODEL_CHECKS:
            check(cfg.model, dataloader['dataset'])
        for warning in [text for check in DATA_CHECKS for text in check(dataloader['dataset'])]:
            print_log(f'{part}: {warning}', logger='current', level=logging.WARNING)
    if training:
        _check_splits(cfg, loaders)


def _holdouts(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Name and config of the dataloaders of hooks."""
    for hook in cfg.get('custom_hooks') or ():
        if isinstance(hook, dict) and hook.get('holdout_dataloader') is not None:
            yield f'holdout_dataloader of {hook["type"]}', hook['holdout_dataloader']


def _check_splits(cfg: Config, loaders: dict[str, dict]) -> None:
    others = {'test_dataloader': cfg.get('test_dataloader'), **loaders}
    train = others.pop('train_dataloader')['dataset']
    for part, other in others.items():
        for check in SPLIT_CHECKS if other is not None else ():
            check(train, other['dataset'], part)


def skip_missing_validation(cfg: Config) -> None:
    """Train without validation, and say so, where nobody has test images: good images are enough for a training."""
    if cfg.get('val_dataloader') is None:
        return
    place = next(filter(None, (check(cfg.val_dataloader['dataset']) for check in ABSENCE_CHECKS)), None)
    if place is None:
        return
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    print_log(f"There are no test images ('{place}' does not exist), so this run trains WITHOUT validation: how well "
              'it finds defects is unknown until images are put there and tools/test.py is run.', logger='current',
              level=logging.WARNING)
