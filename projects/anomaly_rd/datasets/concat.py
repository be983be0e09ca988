"""Several data sets as one."""
from __future__ import annotations

from mmengine.dataset import ConcatDataset as _ConcatDataset

from anomaly_rd.registry import DATASETS
from mminspect.runtime.dataset_cfg import leaf_datasets

from .base import AnomalyDataset


@DATASETS.register_module()
class ConcatDataset(_ConcatDataset):
    """mmengine's ``ConcatDataset`` whose items have a ``sample_idx`` of their own.

    There each part counts from 0, so that pictures of a test and features that are kept would be taken for each other.
    Here the parts count on; where one of them repeats its images, these keep one number.
    """

    def full_init(self) -> None:
        """List the files of all parts and number the items."""
        super().full_init()
        first = 0
        for leaf in leaf_datasets(self):
            if isinstance(leaf, AnomalyDataset):
                leaf.first_idx = first
            first += len(leaf)
