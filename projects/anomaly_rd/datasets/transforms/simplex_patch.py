"""A rectangle of smooth noise, added to the image."""
from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from anomaly_rd.registry import TRANSFORMS
from mminspect.core.errors import UserError

from .simplex import SimplexNoise


@TRANSFORMS.register_module()
class SimplexPatch(BaseTransform):
    """Add simplex noise to the image inside of one random rectangle.

    The pseudo-anomalies of RD++ (Tien et al., "Revisiting Reverse Distillation for Anomaly Detection", CVPR 2023): six
    octaves from a wavelength of 32 pixels on, as high as a fifth of the range of values, not clipped.

    Args:
        sides: Smallest and largest side of the rectangle, pixels.
        strength: Factor of the noise, as a share of 255.

    Required keys: img (H, W, 3), RGB of 0..255. Added keys: img_corrupt, like img but float32, and synthetic_mask
    (H, W) uint8, 1 inside of the rectangle.

    Raises:
        UserError: Values out of range.
    """

    def __init__(self, sides: tuple[int, int] = (10, 32), strength: float = 0.2) -> None:
        if not (1 <= sides[0] <= sides[1] and strength > 0):
            raise UserError(f'SimplexPatch: sides={sides} must be two numbers of pixels in ascending order, '
                            f'strength={strength} above 0')
        self.sides, self.strength = tuple(sides), strength

    def transform(self, results: dict) -> dict:
        """Add ``img_corrupt`` and ``synthetic_mask``."""
        image = results['img']
        top, left, height, width, seed = self._draw(image.shape[:2])
        noise = SimplexNoise(seed).octaves((3, height, width))
        corrupt, mask = image.astype(np.float32), np.zeros(image.shape[:2], np.uint8)
        corrupt[top:top + height, left:left + width] += (255 * self.strength * noise).transpose(1, 2, 0)
        mask[top:top + height, left:left + width] = 1
        results['img_corrupt'], results['synthetic_mask'] = corrupt, mask
        return results

    @cache_randomness
    def _draw(self, shape: tuple[int, int]) -> tuple[int, int, int, int, int]:
        """Top, left, height and width of the rectangle, and the seed of its noise."""
        sides = [min(int(np.random.randint(self.sides[0], self.sides[1] + 1)), side) for side in shape]
        corner = [int(np.random.randint(0, side - own + 1)) for side, own in zip(shape, sides, strict=True)]
        return (*corner, *sides, int(np.random.randint(2**31)))

    def __repr__(self) -> str:
        return f'{type(self).__name__}(sides={self.sides}, strength={self.strength})'
