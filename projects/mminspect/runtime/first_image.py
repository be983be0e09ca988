"""The first image of a data loader: what its data set, the steps of its pipeline and its sampler make of it."""
from __future__ import annotations

import contextlib
import copy
import io
import random
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mminspect.core.config_entries import file_of
from mminspect.core.errors import UserError

from .check_registry import CHECKS
from .data_sections import scope_of


@CHECKS.register('sample')
def try_first_image(cfg: Config, part: str, dataloader: Mapping[str, Any]) -> None:
    """Build a data loader as a Runner does, without its processes, and have it make the first image.

    Whether steps fit each other is known to nobody before: it would be told in the middle of a traceback, by a process
    that reads images. What is random stays as it was, and warnings are left to the run.

    Args:
        cfg: The config.
        part: Place of the data loader in it.
        dataloader: The data loader.

    Raises:
        UserError: The steps of the pipeline give no ``inputs``. What components raise is explained by the caller.
    """
    with DefaultScope.overwrite_default_scope(scope_of(cfg)), _same_random_numbers(), _silence():
        dataset = Runner.build_dataloader(copy.deepcopy(dataloader)).dataset
        sample = dataset[0] if hasattr(dataset, '__len__') and len(dataset) else None
    if isinstance(sample, Mapping) and 'inputs' not in sample:
        raise UserError(f"the pipeline of {part} of {file_of(cfg)} gives {', '.join(map(str, sample))}, and no inputs "
                        "for a model: let it end with a step that packs them, such as dict(type='PackDetInputs') or "
                        "dict(type='PackAnomalyInputs')")


@contextlib.contextmanager
def _same_random_numbers() -> Iterator[None]:
    """After the block, generators go on as if it had not been."""
    python, arrays = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(arrays)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Nothing is printed or logged in the block."""
    logger = MMLogger.get_current_instance()
    before, logger.disabled = logger.disabled, True
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        logger.disabled = before
