"""What can be known to go wrong before a run starts: work directory, disk, data, and what of it is left out."""
from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from mminspect.core.components import explain_errors
from mminspect.core.config_entries import require_entries
from mminspect.core.errors import UserError
from mminspect.core.once import reading_once

from .check_registry import CHECKS
from .data_sections import hooks_with_data
from .watched_values import check_watched

#: Below this, a run does not start: mmengine would fail half-way through its first checkpoint.
MINIMUM_FREE_BYTES = 200 * 2**20


def prepare_work_dir(path: str, free_bytes: int = MINIMUM_FREE_BYTES, option: str = '--work-dir') -> None:
    """Create the folder of a run and make sure that it can be written to.

    Args:
        path: The folder.
        free_bytes: Least room on its disk.
        option: Option of the command line with which the user chooses another folder.

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
    """Make sure that a training has something to do; log what of it does nothing.

    Raises:
        UserError: It has no epoch or iteration, a validation every 0 epochs, or a check of the stage 'length' found it
            too short.
    """
    for key in ('max_epochs', 'max_iters'):
        value = (cfg.get('train_cfg') or {}).get(key)
        if value is not None and (type(value) is not int or value < 1):
            raise UserError(f'train_cfg.{key} of {cfg.filename} is {value!r}: give a whole number, 1 or more')
    for key, least in (('val_interval', 1), ('val_begin', 0)):
        value = (cfg.get('train_cfg') or {}).get(key, least)
        if type(value) is not int or value < least:
            raise UserError(f'train_cfg.{key} of {cfg.filename} is {value!r}: give a whole number, {least} or more')
    for check in CHECKS.of('length'):
        check(cfg)
    for text in _idle(cfg):
        print_log(text, logger='current', level=logging.WARNING)


def _idle(cfg: Config) -> Iterator[str]:
    """What a training is told to do that is nothing."""
    loop = cfg.get('train_cfg') or {}
    last, begin = loop.get('max_epochs') or loop.get('max_iters'), loop.get('val_begin', 1)
    if last is not None and begin > last and cfg.get('val_dataloader') is not None:
        yield (f'train_cfg.val_begin of {cfg.filename} is {begin}, behind the end of the training ({last}), so that '
               'this run trains WITHOUT validation: give a smaller one if this is not meant')
    for place, optimizer in _optimizers(cfg.get('optim_wrapper')):
        if optimizer.get('lr') == 0:
            yield (f'{place}.lr of {cfg.filename} is 0, so that the weights stay as they are: give a number above 0 if '
                   'this is not meant')


def _optimizers(wrapper: Mapping[str, Any] | None, place: str = 'optim_wrapper') -> Iterator[tuple[str, Mapping]]:
    """Place and config of the optimiser of a wrapper, or of each of its parts."""
    for key, child in (wrapper or {}).items():
        if isinstance(child, Mapping):
            yield from [(f'{place}.{key}', child)] if key == 'optimizer' else _optimizers(child, f'{place}.{key}')


def check_data(cfg: Config, parts: tuple[str, ...]) -> None:
    """Check the data sets of the named dataloaders and log what is odd but allowed.

    With ``train_dataloader`` come those that hooks have for themselves (``holdout_dataloader``), and the comparison of
    the training's images with all others, those of the test included.

    Raises:
        UserError: The model or a data loader is not there, has no such size of a batch, or a check of the stages
            'data', 'model' or 'split' found a mistake.
    """
    require_entries(cfg, 'model', *(part for part in parts if part != 'val_dataloader'))
    loaders = dataloaders(cfg, parts)
    with reading_once():
        for part, dataloader in loaders.items():
            for warning in check_dataloader(cfg, part, dataloader):
                print_log(f'{part}: {warning}', logger='current', level=logging.WARNING)
        if 'train_dataloader' in parts:
            _check_splits(cfg, loaders)


def dataloaders(cfg: Config, parts: tuple[str, ...]) -> dict[str, dict]:
    """The configs of the named dataloaders that there are; beside the training's those of hooks."""
    loaders = {part: cfg[part] for part in parts if cfg.get(part) is not None}
    if 'train_dataloader' in parts:
        loaders.update({f'holdout_dataloader of {hook.get("type")}': hook['holdout_dataloader']
                        for _, hook in hooks_with_data(cfg)})
    return loaders


def kept_back(cfg: Config) -> dict | None:
    """The config of a data loader over the images that the training keeps back for its threshold, or None.

    Raises:
        UserError: A function of the stage 'holdout' found a mistake.
    """
    return next(filter(None, (find(cfg) for find in CHECKS.of('holdout'))), None)


def check_dataloader(cfg: Config, part: str, dataloader: dict) -> list[str]:
    """What is odd but allowed in one dataloader.

    Raises:
        UserError: It has no such size of a batch, a check of the stages 'loader', 'model', 'data', 'metric' or 'sample'
            found a mistake, a hook goes by a value that no metric gives, or a component of the data cannot be built or
            gives no image.
    """
    for key, least in (('batch_size', 1), ('num_workers', 0)):
        value = dataloader.get(key, least)
        if type(value) is not int or value < least:
            raise UserError(f'{part} of {cfg.filename} has {key}={value!r}: give a whole number, at least {least}')
    with explain_errors(cfg, part):
        warnings = [text for check in CHECKS.of('loader') for text in check(cfg, part, dataloader)]
        for check in CHECKS.of('model'):
            check(cfg.model, dataloader['dataset'])
        warnings += [text for check in CHECKS.of('data') for text in check(dataloader['dataset'])]
        evaluator = part.replace('_dataloader', '_evaluator')
        for metric in metrics_of(cfg.get(evaluator)) if evaluator != part else ():
            for check in CHECKS.of('metric'):
                check(metric, dataloader['dataset'], evaluator)
        if part == 'val_dataloader':
            check_watched(cfg, metrics_of(cfg.get(evaluator)))
        for check in CHECKS.of('sample'):
            check(cfg, part, dataloader)
    return warnings


def metrics_of(evaluator: object) -> list[dict]:
    """The metrics of an evaluator's config: one, a list, or those of an evaluator that has ``metrics``."""
    if isinstance(evaluator, dict) and 'metrics' in evaluator:
        evaluator = evaluator['metrics']
    return [metric for metric in (evaluator if isinstance(evaluator, (list, tuple)) else [evaluator])
            if isinstance(metric, dict)]


def missing_place(cfg: Config, part: str, dataloader: dict) -> str | None:
    """Where the test images would lie that nobody has, or None.

    Raises:
        UserError: A check of the stage 'loader' found a mistake.
    """
    with explain_errors(cfg, part):
        for check in CHECKS.of('loader'):
            check(cfg, part, dataloader)
        return next(filter(None, (check(dataloader['dataset']) for check in CHECKS.of('absence'))), None)


def _check_splits(cfg: Config, loaders: dict[str, dict]) -> None:
    others = {'test_dataloader': cfg.get('test_dataloader'), **loaders}
    train = others.pop('train_dataloader')
    for (part, *_) in same_data(others):
        for warning in split_warnings(cfg, train, others[part], part):
            print_log(warning, logger='current', level=logging.WARNING)


def same_data(loaders: dict[str, dict | None]) -> list[list[str]]:
    """Names of data loaders, those of one data set together; without those that are None."""
    groups: list[list[str]] = []
    for part, loader in loaders.items():
        if loader is not None:
            twin = next((group for group in groups if loaders[group[0]].get('dataset') == loader.get('dataset')), None)
            groups.append([part]) if twin is None else twin.append(part)
    return groups


def split_warnings(cfg: Config, train: dict, other: dict, part: str) -> Iterator[str]:
    """What is odd between the images of two data loaders, the training's and the one called ``part``.

    Raises:
        UserError: A check of the stage 'split' found a mistake.
    """
    try:
        for check in CHECKS.of('loader'):
            check(cfg, 'train_dataloader', train)
            check(cfg, part, other)
    except UserError:  # told by its own check
        return
    for check in CHECKS.of('split'):
        with explain_errors(cfg, part):
            found = check(train['dataset'], other['dataset'], part)
        yield from found or ()


def skip_missing_validation(cfg: Config) -> None:
    """Train without validation, and say so, where nobody has test images: good images are enough for a training."""
    if cfg.get('val_dataloader') is None:
        return
    place = missing_place(cfg, 'val_dataloader', cfg.val_dataloader)
    if place is None:
        return
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    print_log(f"There are no test images ('{place}' does not exist), so this run trains WITHOUT validation: how well "
              'it finds defects is unknown until images are put there and mminspect test is run.', logger='current',
              level=logging.WARNING)
