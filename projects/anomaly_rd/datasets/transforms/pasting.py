"""Pasting pieces of one image over another."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .colour import jitter_colour


@dataclass(frozen=True)
class Paste:
    """One piece: where it is cut, how it is changed, where it goes. Positions are (row, column) of corners, pixels.

    Attributes:
        cut: Corner in the source image.
        size: (height, width) of the cut.
        angle: Rotation in degrees; the pasted piece is as large as :func:`rotated_size` says.
        target: Corner in the corrupted image.
        jitter: Brightness, contrast and saturation as factors, hue as a share of the colour circle.
    """

    cut: tuple[int, int]
    size: tuple[int, int]
    angle: float
    target: tuple[int, int]
    jitter: tuple[float, float, float, float]


def paste_all(image: np.ndarray, source: np.ndarray, pastes: Sequence[Paste]) -> tuple[np.ndarray, np.ndarray]:
    """Paste pieces of ``source`` (H', W', 3) over a copy of ``image`` (H, W, 3), later ones over earlier ones.

    Returns:
        The corrupted image, of the image's dtype, and a bool array (H, W) of what the pieces cover.
    """
    corrupted, covered = image.copy(), np.zeros(image.shape[:2], bool)
    for paste in pastes:
        piece, inside = _cut(source, paste)
        if np.issubdtype(image.dtype, np.integer):
            piece = piece.round()
        row, column = paste.target
        area = np.s_[row:row + piece.shape[0], column:column + piece.shape[1]]
        height, width = covered[area].shape  # less than the piece where that does not fit
        inside = inside[:height, :width]
        corrupted[area][inside] = piece[:height, :width][inside]
        covered[area] |= inside
    return corrupted, covered


def rotated_size(size: tuple[int, int], angle: float) -> tuple[int, int]:
    """(height, width) of the upright rectangle around one of ``size`` that is rotated by ``angle`` degrees."""
    if not angle:
        return size
    cos, sin = abs(np.cos(np.deg2rad(angle))), abs(np.sin(np.deg2rad(angle)))
    height, width = size[0] * cos + size[1] * sin, size[0] * sin + size[1] * cos
    return int(np.ceil(height - 1e-9)), int(np.ceil(width - 1e-9))  # at a right angle sin or cos is not quite 0


def _cut(source: np.ndarray, paste: Paste) -> tuple[np.ndarray, np.ndarray]:
    """The changed piece (h, w, 3) float32, and which of its pixels (h, w) are piece and not corner."""
    (row, column), (height, width) = paste.cut, paste.size
    piece = jitter_colour(source[row:row + height, column:column + width].astype(np.float32), *paste.jitter)
    inside = np.ones(paste.size, np.uint8)
    if not paste.angle:
        return piece, inside.astype(bool)
    rows, columns = rotated_size(paste.size, paste.angle)
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), paste.angle, 1.0)
    matrix[:, 2] += (columns - width) / 2, (rows - height) / 2
    # Beyond the piece its edge goes on, so that no rim of another colour gets in.
    piece = cv2.warpAffine(piece, matrix, (columns, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(inside, matrix, (columns, rows), flags=cv2.INTER_NEAREST)
    return piece, inside.astype(bool)
