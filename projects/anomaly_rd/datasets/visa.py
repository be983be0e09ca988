"""VisA."""
from __future__ import annotations

from typing import Any

from anomaly_rd.registry import DATASETS

from .base import AnomalyDataset
from .layouts import SPLIT_CSV, Layout, visa_layout


@DATASETS.register_module()
class VisADataset(AnomalyDataset):
    """One category of VisA as it is distributed.

    ``<data_root>/<category>/Data/Images/{Normal,Anomaly}``, ``Data/Masks/Anomaly`` and ``<data_root>/split_csv``; all
    defects have the type 'anomaly'. Zou et al., "SPot-the-Difference Self-supervised Pre-training for Anomaly Detection
    and Segmentation", ECCV 2022.

    Args:
        data_root: Folder of all categories.
        category: Name of one of its folders.
        split: 'train', 'holdout' or 'test'.
        split_csv: Table of the split, below ``data_root``.
        **kwargs: Further arguments of :class:`~anomaly_rd.datasets.base.AnomalyDataset`.
    """

    def __init__(self, data_root: str, category: str, split: str = 'train', split_csv: str = SPLIT_CSV,
                 **kwargs: Any) -> None:
        self.category, self.split_csv = category, split_csv
        super().__init__(data_root, split, **kwargs)

    def layout(self) -> Layout:
        """See :func:`~anomaly_rd.datasets.layouts.visa_layout`."""
        return visa_layout(self.root, self.category, self.split_csv)
