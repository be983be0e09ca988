"""Large photographs in COCO format, as overlapping tiles."""
from __future__ import annotations

from typing import Any

import numpy as np
from mmdet.registry import DATASETS

from mminspect.core.errors import UserError
from mminspect.vision.tiling import Box, tile_boxes

from .coco import InspectionCocoDataset


@DATASETS.register_module()
class TiledCocoDataset(InspectionCocoDataset):
    """Every image is cut into square tiles; each tile is an item.

    Items also have ``tile`` (y0, x0, y1, x1) and ``scan_shape`` (H, W), in pixels of the image; ``img_id`` is that of
    the image, and ``whole`` of an instance its box there. The pipeline begins with
    :class:`~fdrd.transforms.LoadTile`; test with :class:`~fdrd.evaluation.StitchedCocoMetric`. An object is a label of
    every tile that shows enough of it, and ignored in a tile that shows less.

    Args:
        tile: Side of a tile, in pixels of the image.
        overlap: That neighbours have at least, in pixels; objects up to this size lie whole in one tile.
        min_visible: Share of an object's area, 0..1, that makes it a label of a tile.
        kwargs: As for :class:`InspectionCocoDataset`.

    Raises:
        UserError: ``overlap`` is not smaller than ``tile``, or ``min_visible`` outside 0..1.
    """

    def __init__(self, *args: Any, tile: int = 1024, overlap: int = 128, min_visible: float = 0.5,
                 **kwargs: Any) -> None:
        if not 0 <= min_visible <= 1:
            raise UserError(f'TiledCocoDataset: min_visible={min_visible} is no share: give 0..1')
        self.tile, self.overlap, self.min_visible = tile, overlap, min_visible
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Tiles of all images, those of one image one after the other."""
        return [tile for image in super().load_data_list() for tile in self._tiles(image)]

    def _tiles(self, image: dict) -> list[dict]:
        shape = image['height'], image['width']
        mode = 'overlap' if min(shape) >= self.tile else 'pad'
        boxes = tile_boxes(*shape, self.tile, mode, self.overlap)
        return [dict(image, tile=box, scan_shape=shape, height=self.tile, width=self.tile,
                     instances=self._visible(image['instances'], box)) for box in boxes]

    def _visible(self, instances: list[dict], box: Box) -> list[dict]:
        """What a tile shows of the objects, in pixels of the tile."""
        y0, x0, y1, x1 = box
        found = []
        for instance in instances:
            whole = np.array(instance['bbox'], float)
            part = whole.clip([x0, y0, x0, y0], [x1, y1, x1, y1])
            area, seen = np.prod(whole[2:] - whole[:2]), np.prod(part[2:] - part[:2])
            if seen > 0:
                ignored = instance['ignore_flag'] or seen < self.min_visible * area
                found.append(dict(instance, bbox=(part - [x0, y0, x0, y0]).tolist(), ignore_flag=int(ignored),
                                  whole=instance['bbox']))
        return found
