"""Reading of one tile of a large image."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import TRANSFORMS

from mminspect.vision.tiling import cut

from .load_image import LoadInspectionImage


@TRANSFORMS.register_module()
class LoadTile(LoadInspectionImage):
    """``LoadInspectionImage`` for items of :class:`~fdrd.datasets.TiledCocoDataset`.

    What a tile shows beyond the image repeats the border. The last image stays in memory for its next tiles: a large
    file takes far longer to decode than a tile to cut. Without ``tile`` the whole image is read.

    Args:
        kwargs: As for ``LoadInspectionImage``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._last: tuple[str, np.ndarray] | None = None

    def transform(self, results: dict) -> dict:
        """Add ``img`` (h, w, 3), ``img_shape`` and ``ori_shape`` of the tile."""
        if 'tile' not in results:
            return super().transform(results)
        path = results['img_path']
        if self._last is None or self._last[0] != path:
            self._last = path, self.read(path)
        results['img'] = np.array(cut(self._last[1], results['tile']))  # later steps may write into it
        results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results
