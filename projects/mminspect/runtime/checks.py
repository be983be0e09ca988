"""What can be known to go wrong before a run starts: work directory, disk, data."""
from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from mminspect.errors import UserError

#: Below this, a run does not start: mmengine would fail half-way through its first checkpoint.
MINIMUM_FREE_BYTES = 200 * 2**20

#: Checks of data set configs, added by the projects when they are imported: ``dataset`` dict -> warnings, or UserError.
DATA_CHECKS: list[Callable[[dict], list[str]]] = []

#: Checks that a model fits its data, added likewise: ``model`` dict and ``dataset`` dict -> None, or UserError.
MODEL_CHECKS: list[Callable[[dict, dict], None]] = []


def prepare_work_dir(path: str, free_bytes: int = MINIMUM_FREE_BYTES) -> None:
    """Create the folder of a run and make sure that it can be written to.

    Raises:
        UserError: It cannot be created or written, or the disk has less than ``free_bytes`` left.
    """
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(f'work directory {path} cannot be written ({os.strerror(error.errno or 0)}): '
                        'choose another with --work-dir') from error
    free = shutil.disk_usage(path).free
    if free < free_bytes:
        raise UserError(f'only {free >> 20} MiB are free under {path}, a run needs at least {free_bytes >> 20} MiB: '
                        'free some space or choose another --work-dir')


def check_data(cfg: Config, parts: tuple[str, ...]) -> None:
    """Check the data sets of the named dataloaders and log what is odd but allowed.

    Raises:
        UserError: A check of :data:`DATA_CHECKS` found a mistake.
    """
    for part in parts:
        dataloader = cfg.get(part)
        if dataloader is None:
            continue
        if dataloader.get('batch_size', 1) < 1 or dataloader.get('num_workers', 0) < 0:
            raise UserError(f'{part} of {cfg.filename} has batch_size={dataloader.get("batch_size")} and '
                            f'num_workers={dataloader.get("num_workers", 0)}: at least 1 and 0 are needed')
        for check in MODEL_CHECKS:
            check(cfg.model, dataloader['dataset'])
        for warning in [text for check in DATA_CHECKS for text in check(dataloader['dataset'])]:
            print_log(f'{part}: {warning}', logger='current', level=logging.WARNING)
