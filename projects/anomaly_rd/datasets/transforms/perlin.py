"""Noise of gradients on a grid, and the masks of defects that are made of it.

Perlin, "An Image Synthesizer", SIGGRAPH 1985, with the fade of "Improving Noise", SIGGRAPH 2002.
"""
from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray


def perlin_noise(shape: tuple[int, int], cells: tuple[int, int], random: np.random.Generator) -> NDArray[np.float32]:
    """Noise of about -1..1 with random directions at the nodes of a grid.

    A pixel is the sum over the four nodes around it of (offset to the node, times the node's direction) times a weight
    in each axis. Weights and offsets depend on one axis alone, so that the whole is four products of matrices.

    Args:
        shape: (H, W) of the result, multiples of ``cells``.
        cells: Of the grid along H and W.
        random: Source of the directions.

    Returns:
        (H, W), sqrt(2) times the sum.
    """
    angle = random.uniform(0, 2 * np.pi, (cells[0] + 1, cells[1] + 1)).astype(np.float32)
    (weights_y, offsets_y), (weights_x, offsets_x) = (_nodes(*pair) for pair in zip(shape, cells, strict=True))
    noise = offsets_y @ np.sin(angle) @ weights_x.T + weights_y @ np.cos(angle) @ offsets_x.T
    return np.float32(np.sqrt(2)) * noise


@lru_cache(maxsize=64)
def _nodes(size: int, cells: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(size, cells + 1): the weight of each node for each place, and that times the offset in cells."""
    place = np.arange(size) * cells / size
    first = place.astype(int)
    within = place - first
    fade = within**3 * (within * (within * 6 - 15) + 10)
    weights, offsets = np.zeros((2, size, cells + 1), np.float32)
    rows = np.arange(size)
    weights[rows, first], weights[rows, first + 1] = 1 - fade, fade
    offsets[rows, first], offsets[rows, first + 1] = (1 - fade) * within, fade * (within - 1)
    return weights, offsets


def perlin_mask(shape: tuple[int, int], random: np.random.Generator, scales: tuple[int, int] = (0, 5),
                threshold: float = 0.5) -> NDArray[np.bool_]:
    """Where rotated noise exceeds a threshold: about 5 % of an image, and nothing in one of twenty.

    As DRAEM (Zavrtanik et al., ICCV 2021, arXiv:2108.07610) draws its defects.

    Args:
        shape: (H, W).
        random: Source of grid, directions and angle.
        scales: The grid has 2^a and 2^b cells, a and b whole numbers from the first to the second of these.
        threshold: Of the noise.
    """
    cells = tuple(2**int(random.integers(scales[0], scales[1] + 1)) for _ in range(2))
    padded = tuple(-(-side // 2**scales[1]) * 2**scales[1] for side in shape)
    noise = perlin_noise(padded, cells, random)[:shape[0], :shape[1]]
    centre = ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    turned = cv2.getRotationMatrix2D(centre, float(random.uniform(-90, 90)), 1.0)
    return cv2.warpAffine(noise, turned, shape[::-1], borderValue=0.0) > threshold
