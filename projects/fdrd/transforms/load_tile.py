"""Reading of one tile of a large image."""
from __future__ import annotations

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS

from mminspect.vision.tiling import cut


@TRANSFORMS.register_module()
class LoadTile(LoadImageFromFile):
    """``LoadImageFromFile`` for items of :class:`~fdrd.datasets.TiledCocoDataset`.

    What a tile shows beyond the image repeats the border. The last image stays in memory for its next tiles: a large
    file takes far longer to decode than a tile to cut. Without ``tile`` the whole image is read.

    Args:
        kwargs: As for ``LoadImageFromFile``.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self._last: tuple[str, np.ndarray] | None = None

    def transform(self, results: dict) -> dict | None:
        """Add ``img`` (h, w, 3), ``img_shape`` and ``ori_shape`` of the tile."""
        if 'tile' not in results:
            return super().transform(results)
        path = results['img_path']
        if self._last is None or self._last[0] != path:
            loaded = super().transform(dict(results))
            if loaded is None:  # ignore_empty
                return None
            self._last = path, loaded['img']
        results['img'] = np.ascontiguousarray(cut(self._last[1], results['tile']))
        results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results
