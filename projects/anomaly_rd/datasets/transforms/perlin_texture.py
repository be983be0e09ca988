"""Synthetic defects: foreign textures in the form of noise."""
from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from anomaly_rd.registry import TRANSFORMS
from mminspect.core.errors import UserError

from .perlin import perlin_mask
from .texture_source import TextureSource


@TRANSFORMS.register_module()
class PerlinTexture(BaseTransform):
    """Lay a foreign texture over the image where Perlin noise is high, more or less transparent.

    The defects of DRAEM (Zavrtanik et al., ICCV 2021, arXiv:2108.07610), which DeSTSeg and EdgRec took over:
    (1 - M) x + M ((1 - b) texture + b x), b uniform from 0 to 0.8.

    Args:
        prob: Probability that an image is corrupted. A mask may be empty all the same: such an image is a clean one.
        textures: Arguments of :class:`TextureSource`.
        opacity: Largest b, 0..1.
        scales: Exponents of the cells of the noise, see :func:`~.perlin.perlin_mask`.
        threshold: Of the noise.

    Required keys: img (H, W, 3), RGB of 0..255. Added keys: img_corrupt, like img, and synthetic_mask (H, W) uint8, 1
    where the image was corrupted.

    Raises:
        UserError: Values out of range, or no texture can be had.
    """

    def __init__(self, prob: float = 0.5, textures: dict | None = None, opacity: float = 0.8,
                 scales: tuple[int, int] = (0, 5), threshold: float = 0.5) -> None:
        if not (0 <= prob <= 1 and 0 <= opacity <= 1 and 0 <= scales[0] <= scales[1] <= 8):
            raise UserError(f'PerlinTexture: prob={prob} and opacity={opacity} must lie in 0..1, scales={scales} in '
                            '0..8')
        self.prob, self.opacity, self.scales, self.threshold = prob, opacity, tuple(scales), threshold
        self.textures = TextureSource(**(textures or {}))

    def transform(self, results: dict) -> dict:
        """Add ``img_corrupt`` and ``synthetic_mask``."""
        image, random = results['img'], np.random.default_rng(self._draw_seed())
        texture = self.textures.draw(image, random)
        mask = perlin_mask(image.shape[:2], random, self.scales, self.threshold)
        mask &= random.random() < self.prob
        own = random.uniform(0, self.opacity)
        mixed = (1 - own) * texture.astype(np.float32) + own * image.astype(np.float32)
        results['img_corrupt'] = np.where(mask[..., None], np.rint(mixed), image).astype(image.dtype)
        results['synthetic_mask'] = mask.astype(np.uint8)
        return results

    @cache_randomness
    def _draw_seed(self) -> int:
        """From the process's own generator, which data loaders seed for every worker."""
        return int(np.random.randint(2**31))

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(prob={self.prob}, textures={self.textures.kinds}, opacity={self.opacity}, '
                f'scales={self.scales}, threshold={self.threshold})')
