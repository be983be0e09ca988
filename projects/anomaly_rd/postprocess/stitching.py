"""Maps of whole scans from the maps of their tiles."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mminspect.vision.tiling import Box, Canvas


def stitch_maps(maps: Iterable[Tensor], boxes: Sequence[Box], shape: tuple[int, int]) -> Tensor:
    """One map of a scan; at any time only one tile's map of full size is in memory beside it.

    Args:
        maps: (h, w) each, of the network's size; they are enlarged bilinearly to their tiles.
        boxes: Where the tiles lie in the scan, in the same order: all of :func:`~mminspect.vision.tiling.tile_boxes`.
        shape: (H, W) of the scan, in pixels.

    Returns:
        (H, W) float32 on the CPU; 0 where no tile lies (mode 'drop_last').
    """
    canvas = Canvas(shape, boxes)
    for heat, box in zip(maps, boxes, strict=True):
        canvas.add(_enlarged(heat, box), box)
    return torch.from_numpy(canvas.map)


def _enlarged(heat: Tensor, box: Box) -> np.ndarray:
    """(h, w) float32 map of a tile at the size of the tile in the scan."""
    y0, x0, y1, x1 = box
    heat = torch.as_tensor(heat).detach().float().cpu()
    return F.interpolate(heat[None, None], (y1 - y0, x1 - x0), mode='bilinear', align_corners=False)[0, 0].numpy()
