"""Reading of an image and its mask."""
from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from anomaly_rd.datasets.listing import check_mask_size
from anomaly_rd.registry import TRANSFORMS
from mminspect.vision.images import read_mask
from mminspect.vision.reading import Reading
from mminspect.vision.tiling import cut


@TRANSFORMS.register_module()
class LoadInspectionImage(BaseTransform):
    """Read ``img_path``, or the ``tile`` of it, and ``mask_path``.

    Adds ``img`` (H, W, 3), RGB of 0..255: uint8 for 8-bit sources, float32 for deeper ones; ``ori_shape`` (H, W);
    ``gt_mask`` (H, W) uint8, 1 on defects and all 0 for normal images; with a mask also ``defect_area``, the pixels of
    its largest 8-connected region. A defective image without a mask gets neither, nor does one without ``gt_label``. An
    ``img`` that is there already is kept.

    Args:
        max_value: Value of white in sources of more than 8 bits: see :func:`mminspect.vision.images.read_image`.
        orientation: Turn the image as its EXIF data asks for; False for masks that were drawn on pixels as they lie in
            the file.

    Raises:
        UserError: ``max_value`` or ``orientation`` cannot be, a file is missing or damaged, or the mask is not as
            large as its image.
    """

    deterministic = True

    def __init__(self, max_value: float | None = None, orientation: bool = True) -> None:
        self.reading = Reading(max_value, orientation)
        self._scans: dict[Callable, tuple[str, np.ndarray]] = {}

    def transform(self, results: dict) -> dict:
        """Read what ``results`` names."""
        if 'img' not in results:
            results['img'] = self._read(self.reading.read, results['img_path'], results, True)
        results['ori_shape'] = results['img'].shape[:2]
        if results.get('gt_label') == 0:
            results['gt_mask'] = np.zeros(results['ori_shape'], np.uint8)
        elif results.get('mask_path'):
            results['gt_mask'] = self._read(read_mask, results['mask_path'], results, False)
            if 'tile' not in results:
                check_mask_size(results['mask_path'], results['gt_mask'].shape, results['img_path'],
                                results['ori_shape'])
            results['defect_area'] = _largest_region(results['gt_mask'])
        return results

    def _read(self, read: Callable, path: str, results: dict, repeat_border: bool) -> np.ndarray:
        """The image or mask in a file, or a tile of it; the last scan stays in memory for its next tiles."""
        if 'tile' not in results:
            return read(path)
        if self._scans.get(read, ('', ))[0] != path:
            self._scans[read] = path, read(path)
        return cut(self._scans[read][1], results['tile'], repeat_border).copy()


def _largest_region(mask: np.ndarray) -> int:
    """Pixels of the largest 8-connected region of a mask (H, W) uint8."""
    return int(cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:, cv2.CC_STAT_AREA].max(initial=0))
