"""The images and masks that an anomaly data set gives, for ``mminspect check`` and for what a training prints."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves
from mminspect.survey.items import Item, Listing, Size

from .base import AnomalyDataset
from .checks import _build, _resizing
from .tiled import TiledDataset


@CHECKS.register('survey')
def list_anomaly_images(dataset_cfg: Mapping[str, Any]) -> list[Listing]:
    """The images of the split that a data set is, files as they are listed for training or test.

    Args:
        dataset_cfg: As it stands in a data loader; wrappers are looked into, data sets of other packages left out.

    Raises:
        UserError: There are none, or they lie in wrong places.
    """
    found = ((leaf, _build(leaf)) for leaf in leaves(dataset_cfg))
    return [_listing(dataset, _resizing(leaf.get('pipeline') or ())) for leaf, dataset in found if dataset is not None]


def _listing(dataset: AnomalyDataset, steps: Sequence[Callable[[np.ndarray], np.ndarray]]) -> Listing:
    items = [Item(one['img_path'], one['defect_type'], mask_path=one['mask_path'] if one['gt_label'] else None)
             for one in dataset.images()]
    layout = dataset.layout()
    left = layout.test_left if dataset.split == 'test' else layout.train_left
    counts = {reason: len(paths) for reason, paths in left.items() if paths}
    if isinstance(dataset, TiledDataset):  # masks are cut before they are resized
        return Listing(items, counts, reading=dataset.reading,
                       factors=partial(_tile_factors, tuple(steps), dataset.tile))
    return Listing(items, counts, reading=dataset.reading, mask_steps=tuple(steps))


def _tile_factors(steps: Sequence[Callable[[np.ndarray], np.ndarray]], tile: int, size: Size) -> tuple[float, float]:
    """By how much tiles are stretched; a crop of a tile leaves sizes as they are."""
    height, width = tile, tile
    for step in steps:
        if step.__name__ == 'resize_mask':
            height, width = step.__self__.size
    return width / tile, height / tile
