"""Reading of images for detectors, through the reader that inspection uses."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from mminspect.vision.reading import Reading


@TRANSFORMS.register_module()
class LoadInspectionImage(BaseTransform):
    """mmcv's ``LoadImageFromFile`` for images of any bit depth.

    Of files with 8 bits a channel the pixels are the same; deeper ones, which OpenCV cuts to 8 bits, keep their
    precision, and a truncated file is an error, where OpenCV fills the rest with grey.

    Required keys: img_path. Added keys: ``img`` (H, W, 3), BGR of 0..255: uint8 for 8-bit sources, float32 for deeper
    ones; ``img_shape`` and ``ori_shape`` (H, W). An ``img`` that is there already is kept.

    Args:
        max_value: Value of white in sources of more than 8 bits, 4095 for 12 bits stored in 16; see
            :func:`mminspect.vision.images.read_image`.
        orientation: Turn the image as its EXIF data asks for; False for boxes that were drawn on pixels as they lie in
            the file.

    Raises:
        UserError: ``max_value`` or ``orientation`` cannot be, or the file is missing, damaged or no image, or holds
            numbers of unknown range.
    """

    def __init__(self, max_value: float | None = None, orientation: bool = True) -> None:
        self.reading = Reading(max_value, orientation)

    def transform(self, results: dict) -> dict:
        """Read what ``results`` names."""
        if 'img' not in results:
            results['img'] = self.read(results['img_path'])
        results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results

    def read(self, path: str) -> np.ndarray:
        """The image of a file, as :meth:`transform` adds it."""
        return np.ascontiguousarray(self.reading.read(path)[..., ::-1])

    def __repr__(self) -> str:
        return f'{type(self).__name__}(max_value={self.reading.max_value}, orientation={self.reading.orientation})'


def read_for_display(path: str, transforms: Iterable[Any] = ()) -> np.ndarray:
    """An image (H, W, 3), BGR, uint8, on the same scale as a pipeline sees it.

    Args:
        path: Of the file.
        transforms: Built steps; the ``LoadInspectionImage`` among them says what white is, without one the default.

    Raises:
        UserError: As :class:`LoadInspectionImage`.
    """
    loader = next((step for step in transforms if isinstance(step, LoadInspectionImage)), LoadInspectionImage())
    return loader.read(path).round().astype(np.uint8)
