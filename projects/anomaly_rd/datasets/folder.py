"""The user's own images in folders."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anomaly_rd.registry import DATASETS
from mminspect.core.errors import UserError
from mminspect.vision.folders import list_tree
from mminspect.vision.images import IMAGE_EXTENSIONS

from .base import AnomalyDataset
from .layouts import GOOD, Layout, flat_layout, folder_layout, plain_layout
from .splitting import divide


@DATASETS.register_module()
class FolderDataset(AnomalyDataset):
    """Images in ``train/good``, ``test/good`` and ``test/<any defect>``; or all in ``normal`` and ``abnormal``; or good
    images alone, directly in the folder and in others below it.

    Folders in these folders are looked into as well; hidden ones, those of the system (``@eaDir``, ``__MACOSX``) and
    masks among images are left out, which the check of the data tells. Masks are optional: ``ground_truth/<defect>``,
    or ``mask`` beside ``normal`` and ``abnormal``.

    Args:
        data_root: Folder that holds these folders, or the good images.
        split: 'train', 'holdout' or 'test'.
        mask_suffix: What a mask's stem has behind the image's; None takes '_mask' or nothing.
        extensions: Of images and masks.
        train_ratio: Share of ``normal`` for training, the rest is for the test.
        seed: Of that division.
        **kwargs: Further arguments of :class:`~anomaly_rd.datasets.base.AnomalyDataset`.
    """

    def __init__(self, data_root: str, split: str = 'train', mask_suffix: str | None = None,
                 extensions: Sequence[str] = IMAGE_EXTENSIONS, train_ratio: float = 0.8, seed: int = 0,
                 **kwargs: Any) -> None:
        self.mask_suffix, self.extensions = mask_suffix, tuple(extensions)
        self.train_ratio, self.seed = train_ratio, seed
        super().__init__(data_root, split, **kwargs)

    def layout(self) -> Layout:
        """See :mod:`anomaly_rd.datasets.layouts`."""
        nested, flat = ((self.root / name).is_dir() for name in ('train', 'normal'))
        if nested and flat:
            raise UserError(f"'{self.root}' has both train/ and normal/: remove or rename the one that is not meant")
        other = nested or flat or (self.root / 'test' / GOOD).is_dir()
        if not other and self.root.is_dir() and list_tree(self.root, self.extensions).images:
            return plain_layout(self.root, self.extensions)
        if not flat:
            return folder_layout(self.root, self.mask_suffix, self.extensions)
        layout = flat_layout(self.root, self.mask_suffix, self.extensions)
        return self._divided(layout) if layout.train else layout

    def _divided(self, layout: Layout) -> Layout:
        """Part of the normal images goes to the test: first those of a scan that has a defect elsewhere."""
        self.name_scans([*layout.train, *layout.test])
        defective = {item['scan_id'] for item in layout.test if 'scan_id' in item}
        free = [item for item in layout.train if item.get('scan_id') not in defective]
        train, good = divide(free, 1 - self.train_ratio, self.seed)
        bound = [item for item in layout.train if item.get('scan_id') in defective]
        return layout._replace(train=train, test=[*good, *bound, *layout.test])
