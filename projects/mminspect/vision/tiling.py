"""Tiles of large images: where they lie, and one map from the maps of all tiles."""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mminspect.core.errors import UserError
from mminspect.core.options import check_option

#: Rows y0 to y1 and columns x0 to x1, the ends excluded, in pixels.
Box = tuple[int, int, int, int]

#: Side of a tile, in pixels, to which a smaller image is padded at most: 800 MB of RGB.
LARGEST_PADDED = 2**14

MODES = ('overlap', 'drop_last', 'pad')


def tile_starts(length: int, tile: int, mode: str = 'overlap', overlap: int = 0) -> list[int]:
    """First pixels of the tiles along one side.

    Args:
        length: Length of the side in pixels.
        tile: Length of a tile.
        mode: 'overlap' takes as few evenly spaced tiles as cover the side, start_i = round(i (length - tile) / (n - 1))
            with n = ceil((length - overlap) / (tile - overlap)); 'drop_last' leaves the rest of the side out; 'pad'
            lets the last tile reach over the end.
        overlap: Least overlap of neighbours in mode 'overlap', in pixels.

    Raises:
        UserError: Unknown mode, the side is shorter than a tile and the mode is not 'pad' or the tile larger than
            :data:`LARGEST_PADDED`, or the overlap is not smaller than a tile.
    """
    check_option('tile mode', mode, MODES)
    if tile < 1 or (length < tile and mode != 'pad'):
        raise UserError(f'tiles of {tile} pixels cannot be cut from a side of {length}: give a smaller tile or '
                        "mode='pad'")
    if tile > max(length, LARGEST_PADDED):
        raise UserError(f'tiles of {tile} pixels are too large, because an image is padded to the size of a tile: give '
                        f'{LARGEST_PADDED} pixels at most')
    if not 0 <= overlap < tile:
        raise UserError(f'tiles of {tile} pixels cannot overlap by {overlap}: give less than {tile}')
    if mode == 'drop_last':
        return list(range(0, length - tile + 1, tile))
    if mode == 'pad' or length <= tile:
        return list(range(0, length, tile))
    count = math.ceil((length - overlap) / (tile - overlap))
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def tile_boxes(height: int, width: int, tile: int | tuple[int, int], mode: str = 'overlap',
               overlap: int = 0) -> list[Box]:
    """All tiles of an image row by row; in mode 'pad' the last ones reach over its ends.

    Args:
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        tile: Its side, or (height, width).
        mode: How the tiles cover a side: see :func:`tile_starts`, also for the errors.
        overlap: Pixels that two neighbours share at least: see :func:`tile_starts`.
    """
    h, w = (tile, tile) if isinstance(tile, int) else tile
    return [(y, x, y + h, x + w) for y in tile_starts(height, h, mode, overlap)
            for x in tile_starts(width, w, mode, overlap)]


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


class Canvas:
    """One map of a large image from the maps of its tiles, blended where they overlap.

    The weight of a tile falls linearly towards an edge that it shares with a neighbour, and all weights of a pixel add
    up to 1. Weights are products of one factor per row and one per column, so that nothing but the map itself has the
    size of the image.

    Args:
        shape: (H, W) of the image, in pixels.
        boxes: All tiles of :func:`tile_boxes`, in any order.

    Attributes:
        map: (H, W) float32; 0 where no tile lies (mode 'drop_last').

    Raises:
        ValueError: The boxes are not the rows and columns of a grid.
    """

    def __init__(self, shape: tuple[int, int], boxes: Sequence[Box]) -> None:
        self.map = np.zeros(shape, np.float32)
        rows, columns = ({(box[i], box[i + 2]) for box in boxes} for i in (0, 1))
        if len({*boxes}) != len(rows) * len(columns):
            raise ValueError(f'{len({*boxes})} boxes are not a grid of {len(rows)} x {len(columns)}')
        self._rows, self._columns = _weights(rows, shape[0]), _weights(columns, shape[1])

    def add(self, tile: np.ndarray, box: Box) -> None:
        """Add the map (h, w) of one tile; what reaches over the end of the image is left out."""
        y0, x0, y1, x1 = box
        rows, columns = self._rows[y0, y1], self._columns[x0, x1]
        part = tile[:len(rows), :len(columns)] * columns
        part *= rows[:, None]
        self.map[y0:y0 + len(rows), x0:x0 + len(columns)] += part


def _weights(spans: set[tuple[int, int]], length: int) -> dict[tuple[int, int], np.ndarray]:
    """Weights of the tiles along one side: span -> (its pixels inside the side,) float32."""
    ordered = sorted(spans)
    raw = {}
    for i, (start, end) in enumerate(ordered):
        position = np.arange(start, min(end, length)) + 0.5
        before = max(0, ordered[i - 1][1] - start) if i else 0
        after = max(0, end - ordered[i + 1][0]) if i + 1 < len(ordered) else 0
        weight = np.ones(len(position))
        if before:
            weight = np.minimum(weight, (position - start) / before)
        if after:
            weight = np.minimum(weight, (end - position) / after)
        raw[start, end] = weight
    total = np.zeros(length)
    for (start, _), weight in raw.items():
        total[start:start + len(weight)] += weight
    return {span: (weight / total[span[0]:span[0] + len(weight)]).astype(np.float32) for span, weight in raw.items()}


def stitch(tiles: Sequence[np.ndarray], boxes: Sequence[Box], shape: tuple[int, int]) -> np.ndarray:
    """One map of the whole image, see :class:`Canvas`.

    Args:
        tiles: (h, w) floating point maps, of the sizes of their boxes.
        boxes: Where they belong, all tiles of :func:`tile_boxes`.
        shape: (H, W) of the image.

    Returns:
        (H, W) float32.
    """
    if len(tiles) != len(boxes) or not tiles:
        raise ValueError(f'{len(tiles)} tiles and {len(boxes)} boxes')
    canvas = Canvas(shape, boxes)
    for tile, box in zip(tiles, boxes, strict=True):
        canvas.add(tile, box)
    return canvas.map
