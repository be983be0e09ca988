"""Synthetic defects from pieces of good images.

Li et al., "CutPaste: Self-Supervised Learning for Anomaly Detection and Localization", CVPR 2021, arXiv:2104.04015.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from anomaly_rd.registry import TRANSFORMS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option

from .pasting import Paste, paste_all, rotated_size

#: Images a worker process remembers for ``source='other'``.
MEMORY = 16


@TRANSFORMS.register_module()
class CutPaste(BaseTransform):
    """Paste pieces of a good image over the image, with changed colours, and remember where that changed anything.

    A piece is a ``'patch'``, a large upright rectangle, or a ``'scar'``, a thin rotated one. A pixel belongs to the
    mask if a piece covers it and one of its channels changed by ``min_change`` or more: a piece of plain fabric on the
    same plain fabric is no defect.

    Args:
        kinds: Kinds of pieces, each equally probable.
        count: Smallest and largest number of pieces in an image.
        prob: Probability that an image is corrupted at all.
        source: Where pieces are cut: ``'same'`` image, or an ``'other'``, one of the last 16 that this worker process
            has seen (the same one for its first).
        jitter: Largest change of brightness, contrast, saturation (factors 1 - jitter to 1 + jitter) and hue (share of
            the colour circle, to both sides).
        area: Smallest and largest area of a patch, as a share of the image's.
        aspect: Smallest and largest width / height of a patch; half of the patches are upright.
        scar_width: Of a scar, pixels.
        scar_length: Likewise.
        min_change: In grey levels of 0..255.

    Required keys: img (H, W, 3), RGB of 0..255. Added keys: img_corrupt, like img, and synthetic_mask (H, W) uint8, 1
    where the image was corrupted.

    Raises:
        UserError: Values out of range.
    """

    def __init__(self, kinds: Sequence[str] = ('patch', 'scar'), count: tuple[int, int] = (1, 3), prob: float = 1.0,
                 source: Literal['same', 'other'] = 'same', jitter: float = 0.1,
                 area: tuple[float, float] = (0.02, 0.15), aspect: tuple[float, float] = (0.3, 3.3),
                 scar_width: tuple[int, int] = (2, 16), scar_length: tuple[int, int] = (10, 25),
                 min_change: float = 8.0) -> None:
        if not kinds:
            raise UserError("CutPaste.kinds is empty: name 'patch', 'scar' or both")
        for kind in kinds:
            check_option('CutPaste.kinds', kind, ('patch', 'scar'))
        check_option('CutPaste.source', source, ('same', 'other'))
        if not (0 <= prob <= 1 and 0 <= jitter <= 0.5 and 1 <= count[0] <= count[1] and 0 < area[0] <= area[1] <= 0.5):
            raise UserError(f'CutPaste: prob={prob} must lie in 0..1, jitter={jitter} in 0..0.5, count={count} from 1, '
                            f'area={area} in 0..0.5')
        self.kinds, self.count, self.prob, self.source, self.jitter = tuple(kinds), count, prob, source, jitter
        self.area, self.aspect, self.scar_width, self.scar_length = area, aspect, scar_width, scar_length
        self.min_change = min_change
        self._seen: deque[np.ndarray] = deque(maxlen=MEMORY)

    def transform(self, results: dict) -> dict:
        """Add ``img_corrupt`` and ``synthetic_mask``."""
        image = results['img']
        source = self._pick_source(image)
        pastes = self._draw(image.shape[:2], source.shape[:2])
        results['img_corrupt'], covered = paste_all(image, source, pastes)
        change = np.abs(results['img_corrupt'].astype(np.float32) - image).max(axis=2)
        results['synthetic_mask'] = (covered & (change >= self.min_change)).astype(np.uint8)
        return results

    def _pick_source(self, image: np.ndarray) -> np.ndarray:
        if self.source == 'same':
            return image
        source = self._seen[np.random.randint(len(self._seen))] if self._seen else image
        self._seen.append(image)
        return source

    @cache_randomness
    def _draw(self, shape: tuple[int, int], source_shape: tuple[int, int]) -> list[Paste]:
        """Pieces for an image of ``shape`` from one of ``source_shape``; none where the image is left alone."""
        if np.random.rand() >= self.prob:
            return []
        return [self._draw_one(shape, source_shape) for _ in range(np.random.randint(self.count[0], self.count[1] + 1))]

    def _draw_one(self, shape: tuple[int, int], source_shape: tuple[int, int]) -> Paste:
        limit = np.minimum(shape, source_shape)
        if self.kinds[np.random.randint(len(self.kinds))] == 'patch':
            size, angle = self._draw_patch(shape), 0.0
        else:
            size = (np.random.randint(self.scar_length[0], self.scar_length[1] + 1),
                    np.random.randint(self.scar_width[0], self.scar_width[1] + 1))
            angle = np.random.uniform(-45, 45)
        size = tuple(int(side) for side in np.minimum(size, limit))
        pasted = tuple(int(side) for side in np.minimum(rotated_size(size, angle), shape))
        cut = _draw_corner(source_shape, size)
        target = _draw_corner(shape, pasted, other_than=cut if pasted == size and shape == source_shape else None)
        factors = np.random.uniform(1 - self.jitter, 1 + self.jitter, 3)
        hue = np.random.uniform(-self.jitter, self.jitter)
        return Paste(cut, size, angle, target, (*factors, hue))

    def _draw_patch(self, shape: tuple[int, int]) -> tuple[float, float]:
        """(height, width) of a patch, at least 1."""
        area = np.random.uniform(*self.area) * shape[0] * shape[1]
        low, high = (self.aspect[0], 1.0) if np.random.rand() < 0.5 else (1.0, self.aspect[1])
        aspect = np.random.uniform(low, high)
        return max(round((area / aspect) ** 0.5), 1), max(round((area * aspect) ** 0.5), 1)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(kinds={self.kinds}, count={self.count}, prob={self.prob}, '
                f'source={self.source!r}, jitter={self.jitter})')


def _draw_corner(shape: tuple[int, int], size: tuple[int, int],
                 other_than: tuple[int, int] | None = None) -> tuple[int, int]:
    """A corner at which ``size`` fits into ``shape``, all equally probable; not ``other_than`` if there is another."""
    rows, columns = shape[0] - size[0] + 1, shape[1] - size[1] + 1
    if other_than is None or rows * columns == 1:
        return divmod(np.random.randint(rows * columns), columns)
    index = np.random.randint(rows * columns - 1)
    return divmod(index + (index >= other_than[0] * columns + other_than[1]), columns)
