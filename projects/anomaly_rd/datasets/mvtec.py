"""MVTec AD."""
from __future__ import annotations

from typing import Any

from anomaly_rd.registry import DATASETS

from .base import AnomalyDataset
from .layouts import Layout, folder_layout


@DATASETS.register_module()
class MVTecDataset(AnomalyDataset):
    """One category of MVTec AD, or of another set in its layout.

    ``<data_root>/<category>/train/good``, ``test/good``, ``test/<defect>``, ``ground_truth/<defect>/<stem>_mask.png``.
    Bergmann et al., "MVTec AD: A comprehensive real-world dataset for unsupervised anomaly detection", CVPR 2019.

    Args:
        data_root: Folder of all categories.
        category: Name of one of its folders.
        split: 'train', 'holdout' or 'test'.
        **kwargs: Further arguments of :class:`~anomaly_rd.datasets.base.AnomalyDataset`.
    """

    def __init__(self, data_root: str, category: str, split: str = 'train', **kwargs: Any) -> None:
        self.category = category
        super().__init__(data_root, split, **kwargs)

    def layout(self) -> Layout:
        """See :func:`~anomaly_rd.datasets.layouts.folder_layout`."""
        return folder_layout(self.root / self.category)
