"""What all data sets here have in common: the split, the hold-out part and the cache."""
from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.structures import BaseDataElement

from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.vision.reading import Reading

from .layouts import Layout
from .splitting import divide, scan_of

SPLITS = ('train', 'holdout', 'test')


class AnomalyDataset(BaseDataset):
    """Images of one category: good ones for training, good and defective ones for the test.

    Items are dicts with ``img_path``, ``gt_label`` (0 normal, 1 anomalous), ``defect_type`` ('good' or a defect's
    name), ``mask_path`` (None without a mask), ``sample_idx`` and, with ``scan_pattern`` or tiles, ``scan_id``.

    Args:
        data_root: Folder of the data.
        split: 'train', 'test', or 'holdout': good training images that are kept from training, for the validation of
            the loss on normal images and for the threshold.
        holdout: Share of the training images kept for 'holdout', 0..1.
        holdout_seed: Of their choice. Give 'train' and 'holdout' the same ``holdout`` and seed.
        scan_pattern: Regular expression that finds in '<folder>/<stem>' of a file (in its first group, if it has one)
            the scan it was cut from. Images of one scan are never on both sides of a split.
        cache: Keep what the leading transforms with ``deterministic = True`` make of each image in memory, usually
            196 kB for 256x256. Each worker process has its own: use ``num_workers=0`` or persistent workers.
        pipeline: Transforms.
        **kwargs: Further arguments of mmengine's ``BaseDataset``.

    Attributes:
        reading: How the pipeline's config says that files become pixels, and so how large an image is.

    Raises:
        UserError: No images, or images in wrong places; see the layouts.
    """

    def __init__(self, data_root: str, split: str = 'train', holdout: float = 0.0, holdout_seed: int = 0,
                 scan_pattern: str | None = None, cache: bool = False, pipeline: Sequence[dict | Callable] = (),
                 **kwargs: Any) -> None:
        check_option('split', split, SPLITS)
        if split == 'holdout' and not holdout:
            raise UserError("split='holdout' needs images that are kept from training: set holdout, say to 0.1, here "
                            "and in the data set with split='train'")
        self.split, self.holdout, self.holdout_seed, self.scan_pattern = split, holdout, holdout_seed, scan_pattern
        self.cache, self.first_idx = cache, 0
        self._cached: dict[int, dict] = {}
        self.reading = Reading.of_pipeline(pipeline)
        super().__init__(data_root=str(data_root), pipeline=list(pipeline),
                         **dict(dict(test_mode=split != 'train', serialize_data=False), **kwargs))

    @abstractmethod
    def layout(self) -> Layout:
        """Where the images lie."""

    def images(self) -> list[dict]:
        """Items of this split, one per image file."""
        layout = self.layout()
        source = layout.test_source if self.split == 'test' else layout.train_source
        if not (layout.test if self.split == 'test' else layout.train):
            what = 'test images' if self.split == 'test' else 'good training images'
            raise UserError(f"there are no {what} in '{source}': put some there, or correct data_root or extensions")
        self.name_scans([*layout.train, *layout.test])
        _check_scans(layout)
        if self.split == 'test':
            return layout.test
        if not self.holdout:
            return layout.train
        return divide(layout.train, self.holdout, self.holdout_seed)[self.split == 'holdout']

    def name_scans(self, items: Sequence[dict]) -> None:
        """Give the items their ``scan_id``, where images are parts of scans."""
        for item in items if self.scan_pattern is not None else ():
            item['scan_id'] = scan_of(item['img_path'], self.scan_pattern)

    def load_data_list(self) -> list[dict]:
        """Items of this split."""
        return self.images()

    def prepare_data(self, idx: int) -> dict | None:
        """The ``idx``-th item through the pipeline."""
        if not self.cache:
            return super().prepare_data(idx)
        idx %= len(self)
        cached = list(takewhile(lambda transform: getattr(transform, 'deterministic', False), self.pipeline.transforms))
        if idx not in self._cached:
            for other in self.companions(idx):
                self._cached[other] = _apply(cached, self.get_data_info(other))
        return _apply(self.pipeline.transforms[len(cached):], _fresh(self._cached[idx]))

    def get_data_info(self, idx: int) -> dict:
        """The ``idx``-th item; its ``sample_idx`` is the position in the :class:`ConcatDataset` around it, if any."""
        info = super().get_data_info(idx)
        info['sample_idx'] += self.first_idx
        return info

    def companions(self, idx: int) -> Sequence[int]:
        """Positions of all items that are best loaded together with this one, which is among them."""
        return (idx, )

    @property
    def root(self) -> Path:
        """Folder of the data."""
        return Path(self.data_root)


def _check_scans(layout: Layout) -> None:
    """Raise UserError if parts of one scan are on both sides of the split."""
    train = {item['scan_id']: item['img_path'] for item in layout.train if 'scan_id' in item}
    for item in layout.test:
        if item.get('scan_id') in train:
            raise UserError(f"'{train[item['scan_id']]}' (training) and '{item['img_path']}' (test) are parts of one "
                            f"scan, {item['scan_id']!r}: move all parts of a scan to the same side")


def _apply(transforms: Sequence[Callable], results: dict) -> dict | None:
    for transform in transforms:
        results = transform(results)
        if results is None:
            return None
    return results


def _fresh(results: dict) -> dict:
    """A copy that can be changed: by further transforms in its arrays, by a model in the fields of its sample."""
    return {key: value.copy() if isinstance(value, np.ndarray) else
            value.clone() if isinstance(value, BaseDataElement) else value for key, value in results.items()}
