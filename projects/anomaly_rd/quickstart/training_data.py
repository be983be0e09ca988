"""Which good pictures the training keeps for the threshold, and what rate so many can promise."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from anomaly_rd.datasets.checks import check_dataset_cfg
from anomaly_rd.engine.holdout import kept_from_training
from anomaly_rd.registry import DATASETS
from mminspect.core.errors import UserError
from mminspect.decisions import lowest_percentage, needed_images
from mminspect.runtime.dataset_cfg import leaves


def held_out(cfg: Config) -> list[str]:
    """Paths of the good pictures that the training of a config does not see.

    Raises:
        UserError: It keeps none, or its data are not as they should be.
    """
    return _paths(_kept(cfg))


def trained_on(cfg: Config) -> list[str]:
    """Paths of the good pictures that the training of a config sees."""
    return _paths(cfg.train_dataloader)


def check_files(cfg: Config) -> list[str]:
    """Look at every good picture, also at those that are kept, so that a damaged one costs no training.

    Returns:
        What is odd, and what was left out.

    Raises:
        UserError: One is damaged, or of another kind.
    """
    lines = [line for dataloader in (cfg.train_dataloader, _kept(cfg))
             for line in check_dataset_cfg(dataloader['dataset'])]
    return list(dict.fromkeys(lines))


def _kept(cfg: Config) -> dict[str, Any]:
    kept = kept_from_training(cfg)
    if kept is None:
        raise UserError(f'{cfg.filename} keeps no pictures for the threshold: set holdout in train_dataloader.dataset, '
                        'say to 0.2')
    return kept


def _paths(dataloader: Mapping[str, Any]) -> list[str]:
    datasets = [DATASETS.build({**leaf, 'pipeline': [], 'lazy_init': True}) for leaf in leaves(dataloader['dataset'])]
    return [item['img_path'] for dataset in datasets for item in dataset.images()]


def promised_rate(wanted: float | None, count: int) -> float:
    """The false-reject rate to choose the threshold by.

    Args:
        wanted: By the user; None takes the smallest that can be promised, 1 / (count + 1).
        count: Good pictures that are kept for the threshold.

    Raises:
        UserError: So many cannot promise it, or it is no rate.
    """
    if wanted is None:
        return 1 / (count + 1)
    if count < (needed := needed_images(wanted)):
        raise UserError(f'the {count} good pictures that are kept for the threshold are too few for a false-reject '
                        f'rate of {100 * wanted:g} %, which needs {needed}: give more good pictures, or ask for '
                        f'{lowest_percentage(count)} % or more')
    return wanted
