"""Simplex noise in three dimensions, in octaves.

Perlin, "Noise hardware", 2001; the construction by permutation and twelve directions is that of Gustavson, "Simplex
noise demystified", 2005.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Towards the middles of the edges of a cube.
_DIRECTIONS = np.array([(x, y, z) for x, y in ((1, 1), (-1, 1), (1, -1), (-1, -1)) for z in (0, )]
                       + [(x, 0, z) for x, z in ((1, 1), (-1, 1), (1, -1), (-1, -1))]
                       + [(0, y, z) for y, z in ((1, 1), (-1, 1), (1, -1), (-1, -1))], np.float64)


class SimplexNoise:
    """Noise of a seed.

    Args:
        seed: Of the permutation of the lattice.
    """

    def __init__(self, seed: int) -> None:
        self._table = np.tile(np.random.default_rng(seed).permutation(256), 2)

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values in -1..1 of points (..., 3)."""
        cell = np.floor(points + points.sum(-1, keepdims=True) / 3)
        origin = points - (cell - cell.sum(-1, keepdims=True) / 6)  # offsets to the first corner of the simplex
        rank = np.argsort(np.argsort(-origin, axis=-1, kind='stable'), axis=-1)
        total = np.zeros(points.shape[:-1])
        for corner in range(4):
            step = (rank < corner).astype(np.float64)
            offset = origin - step + corner / 6
            falling = np.maximum(0.6 - np.square(offset).sum(-1), 0)
            total += falling**4 * (self._directions((cell + step).astype(int)) * offset).sum(-1)
        return 32 * total

    def _directions(self, corners: NDArray[np.int_]) -> NDArray[np.float64]:
        x, y, z = np.moveaxis(corners & 255, -1, 0)
        return _DIRECTIONS[self._table[x + self._table[y + self._table[z]]] % 12]

    def octaves(self, shape: tuple[int, int, int], count: int = 6, persistence: float = 0.6,
                wavelength: float = 32.0) -> NDArray[np.float64]:
        """Sum of octaves on a grid (C, H, W), the first of ``wavelength`` points, each following one half as long and
        ``persistence`` times as high."""
        grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing='ij'), -1).astype(np.float64)
        return sum(persistence**k * self(grid * (2**k / wavelength)) for k in range(count))
