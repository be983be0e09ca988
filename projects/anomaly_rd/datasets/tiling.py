"""Tiles of large images: where they lie, and one map from the maps of all tiles."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import torch
from mminspect.errors import UserError
from torch import Tensor

#: Rows y0 to y1 and columns x0 to x1, the ends excluded, in pixels.
Box = tuple[int, int, int, int]
Array = TypeVar('Array', np.ndarray, Tensor)

MODES = ('overlap', 'drop_last', 'pad')


def tile_starts(length: int, tile: int, mode: str = 'overlap') -> list[int]:
    """First pixels of the tiles along one side.

    Args:
        length: Of the side, in pixels.
        tile: Length of a tile.
        mode: 'overlap' takes n = ceil(length / tile) evenly spaced tiles, start_i = round(i (length - tile) / (n - 1));
            'drop_last' leaves the rest of the side out; 'pad' lets the last tile reach over the end.

    Raises:
        UserError: Unknown mode, or the side is shorter than a tile and the mode is not 'pad'.
    """
    if mode not in MODES:
        raise UserError(f'tile mode {mode!r} is unknown: use one of {", ".join(MODES)}')
    if tile < 1 or (length < tile and mode != 'pad'):
        raise UserError(f'tiles of {tile} pixels cannot be cut from a side of {length}: give a smaller tile or '
                        "mode='pad'")
    if mode == 'drop_last':
        return list(range(0, length - tile + 1, tile))
    count = math.ceil(length / tile)
    if mode == 'pad' or count == 1:
        return list(range(0, count * tile, tile))
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def tile_boxes(height: int, width: int, tile: int | tuple[int, int], mode: str = 'overlap') -> list[Box]:
    """All tiles of an image row by row; in mode 'pad' the last ones reach over its ends.

    Args:
        height: Of the image, in pixels.
        width: Likewise.
        tile: Its side, or (height, width).
        mode: As in :func:`tile_starts`, which also tells the errors.
    """
    h, w = (tile, tile) if isinstance(tile, int) else tile
    return [(y, x, y + h, x + w) for y in tile_starts(height, h, mode) for x in tile_starts(width, w, mode)]


def cut(image: np.ndarray, box: Box, repeat_border: bool = True) -> np.ndarray:
    """The pixels (H, W, ...) of one tile.

    What lies beyond the image repeats its border, or is 0.
    """
    y0, x0, y1, x1 = box
    part = image[y0:y1, x0:x1]
    missing = [(0, y1 - y0 - part.shape[0]), (0, x1 - x0 - part.shape[1])] + [(0, 0)] * (image.ndim - 2)
    if not any(after for _, after in missing):
        return part
    return np.pad(part, missing, mode='edge' if repeat_border else 'constant')


def stitch(tiles: Sequence[Array], boxes: Sequence[Box], shape: tuple[int, int]) -> Array:
    """One map of the whole image; where tiles overlap their average.

    Args:
        tiles: (h, w) floating point maps, of the sizes of their boxes; NumPy arrays or tensors.
        boxes: Where they belong.
        shape: (H, W) of the image.

    Returns:
        (H, W) of the type of the tiles; 0 where no tile lies (mode 'drop_last').
    """
    if len(tiles) != len(boxes) or not tiles:
        raise ValueError(f'{len(tiles)} tiles and {len(boxes)} boxes')
    zeros = torch.zeros if isinstance(tiles[0], Tensor) else np.zeros
    place = dict(device=tiles[0].device) if isinstance(tiles[0], Tensor) else {}
    total, count = (zeros(shape, dtype=tiles[0].dtype, **place) for _ in range(2))
    for tile, (y0, x0, y1, x1) in zip(tiles, boxes, strict=True):
        inside = slice(y0, min(y1, shape[0])), slice(x0, min(x1, shape[1]))
        total[inside] += tile[:inside[0].stop - y0, :inside[1].stop - x0]
        count[inside] += 1
    count[count == 0] = 1
    return total / count
