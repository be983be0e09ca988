"""From the size of the images to that of the network's input."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from anomaly_rd.registry import TRANSFORMS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.vision.resizing import stretch

_INTERPOLATIONS = dict(bilinear=Image.Resampling.BILINEAR, nearest=Image.Resampling.NEAREST)


def _checked_size(size: int | Sequence[int], divisor: int, name: str) -> tuple[int, int]:
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2 or not all(type(side) is int for side in sides):
        raise UserError(f'{name} has size={size!r}: give the side, or (height, width), in whole pixels')
    height, width = sides
    if height < 1 or width < 1 or height % divisor or width % divisor:
        raise UserError(f'{name} has size={height}x{width} (height x width), but both sides must be multiples of '
                        f'{divisor}: give for example {_nearest(height, divisor)}x{_nearest(width, divisor)}')
    return height, width


def _nearest(length: int, divisor: int) -> int:
    return max(1, round(length / divisor)) * divisor


@TRANSFORMS.register_module()
class ResizeInspection(BaseTransform):
    """Resize ``img`` and ``gt_mask``; the aspect ratio is not kept.

    The image is interpolated bilinearly over the whole area that a new pixel covers (Pillow's way, with antialias:
    without it, thin defects vanish between the samples). A bilinear mask is cut at half, as in RD4AD.

    Args:
        size: Side, or (height, width), in pixels.
        mask_interpolation: 'bilinear' or 'nearest'.
        size_divisor: Both sides must be multiples of it; 1 if a :class:`CentreCrop` follows.

    Raises:
        UserError: They are not.
    """

    deterministic = True

    def __init__(self, size: int | Sequence[int] = (256, 256), mask_interpolation: str = 'bilinear',
                 size_divisor: int = 32) -> None:
        self.size = _checked_size(size, size_divisor, type(self).__name__)
        check_option('mask_interpolation', mask_interpolation, _INTERPOLATIONS)
        self.mask_interpolation = mask_interpolation

    def transform(self, results: dict) -> dict:
        """Resize; adds ``img_shape``."""
        results['img'] = stretch(results['img'], self.size)
        if 'gt_mask' in results:
            results['gt_mask'] = self.resize_mask(results['gt_mask'])
        results['img_shape'] = self.size
        return results

    def resize_mask(self, mask: np.ndarray) -> np.ndarray:
        """(H, W) uint8 of 0 and 1 at the new size."""
        if mask.shape == self.size or not mask.any():
            return mask if mask.shape == self.size else np.zeros(self.size, np.uint8)
        resized = stretch(mask * np.uint8(255), self.size, _INTERPOLATIONS[self.mask_interpolation])
        return (resized > 127).astype(np.uint8)


@TRANSFORMS.register_module()
class CentreCrop(BaseTransform):
    """Cut the middle out of ``img`` and ``gt_mask``.

    A defect outside vanishes from the mask, while its image stays defective: the check before a run counts those.
    ``crop`` (y0, x0, y1, x1) says what part of the image is left, as shares of its sides.

    Args:
        size: Side, or (height, width), in pixels.
        size_divisor: Both sides must be multiples of it.

    Raises:
        UserError: They are not, or an image is smaller.
    """

    deterministic = True

    def __init__(self, size: int | Sequence[int], size_divisor: int = 32) -> None:
        self.size = _checked_size(size, size_divisor, type(self).__name__)

    def transform(self, results: dict) -> dict:
        """Cut; changes ``img_shape`` and adds ``crop``."""
        results['crop'] = self._part(results['img'].shape[:2], results.get('crop', (0.0, 0.0, 1.0, 1.0)))
        for key in ('img', 'gt_mask'):
            if key in results:
                results[key] = self.crop(results[key])
        results['img_shape'] = self.size
        return results

    def crop(self, pixels: np.ndarray) -> np.ndarray:
        """The middle of (H, W, ...)."""
        top, left = self._corner(pixels.shape[:2])
        return np.ascontiguousarray(pixels[top:top + self.size[0], left:left + self.size[1]])

    def _corner(self, shape: tuple[int, int]) -> tuple[int, int]:
        top, left = ((have - want) / 2 for have, want in zip(shape, self.size, strict=True))
        if top < 0 or left < 0:
            raise UserError(f'CentreCrop cannot cut {self.size[0]}x{self.size[1]} (height x width) from '
                            f'{shape[0]}x{shape[1]}: resize to a larger size before it')
        return round(top), round(left)

    def _part(self, shape: tuple[int, int], before: tuple[float, ...]) -> tuple[float, ...]:
        """What is left of the whole image, of which an earlier crop may have left ``before``."""
        (top, left), spans = self._corner(shape), (before[2] - before[0], before[3] - before[1])
        edges = (top, left, top + self.size[0], left + self.size[1])
        return tuple(before[i % 2] + edge / shape[i % 2] * spans[i % 2] for i, edge in enumerate(edges))
