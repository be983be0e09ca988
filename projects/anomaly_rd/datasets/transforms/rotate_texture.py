"""Rotation of textures that have no up and down."""
from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from anomaly_rd.registry import TRANSFORMS
from mminspect.core.errors import UserError


@TRANSFORMS.register_module()
class RotateTexture(BaseTransform):
    """Rotate by a multiple of 90 degrees (of 180 where the image is not square) and a little more.

    DeSTSeg's augmentation of textures (Zhang et al., CVPR 2023, arXiv:2211.11317).

    Args:
        max_angle: Largest additional rotation to either side, degrees.
        fill: Grey level of corners that come in from outside.

    Required keys: img (H, W, C). Optional keys: gt_mask (H, W), rotated likewise, corners 0. Modified keys: both.
    """

    def __init__(self, max_angle: float = 5.0, fill: int = 114) -> None:
        if not 0 <= max_angle <= 45:
            raise UserError(f'RotateTexture: max_angle={max_angle} must lie in 0..45 degrees')
        self.max_angle, self.fill = max_angle, fill

    def transform(self, results: dict) -> dict:
        """Rotate ``img`` and ``gt_mask``."""
        quarters, angle = self._draw()
        height, width = results['img'].shape[:2]
        if height != width:
            quarters = quarters // 2 * 2
        results['img'] = _rotate(results['img'], quarters, angle, cv2.INTER_LINEAR, self.fill)
        if results.get('gt_mask') is not None:
            results['gt_mask'] = _rotate(results['gt_mask'], quarters, angle, cv2.INTER_NEAREST, 0)
        return results

    @cache_randomness
    def _draw(self) -> tuple[int, float]:
        """Quarter turns, 0 to 3, and degrees."""
        return np.random.randint(4), np.random.uniform(-self.max_angle, self.max_angle)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_angle={self.max_angle}, fill={self.fill})'


def _rotate(image: np.ndarray, quarters: int, angle: float, interpolation: int, fill: int) -> np.ndarray:
    """Counter-clockwise, about the centre."""
    image = np.ascontiguousarray(np.rot90(image, quarters))
    if not angle:
        return image
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    return cv2.warpAffine(image, matrix, (width, height), flags=interpolation, borderValue=(fill, fill, fill))
