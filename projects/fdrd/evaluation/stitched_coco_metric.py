"""COCO metrics of large images, from the detections in their tiles."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet.registry import METRICS
from mmengine.dist import get_dist_info

from mminspect.core.errors import UserError
from mminspect.vision.boxes import ScoredBoxes, merge_windows

from .ground_truth import fullest
from .inspection_coco_metric import InspectionCocoMetric


@METRICS.register_module()
class StitchedCocoMetric(InspectionCocoMetric):
    """:class:`InspectionCocoMetric` of the images that a :class:`~fdrd.datasets.TiledCocoDataset` cut into tiles.

    Detections of the tiles are merged as in an inspection (:func:`mminspect.vision.boxes.merge_windows`) and compared
    with the annotations of the whole images.

    Args:
        iou_threshold: Of two boxes of one class that overlap by more the better one remains.
        most: Boxes of an image that remain.
        kwargs: As for ``InspectionCocoMetric``; ``ann_file`` is needed, since tiles do not show whole objects.

    Raises:
        UserError: No ``ann_file``, samples that are no tiles, or several processes, which would share an image.
    """

    def __init__(self, *args: Any, iou_threshold: float = 0.6, most: int = 1000, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self._coco_api is None:
            raise UserError('StitchedCocoMetric needs ann_file, the annotations of the whole images')
        self.iou_threshold, self.most = iou_threshold, most
        self._tiles: list[dict] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect tiles; those of one image come one after the other."""
        for sample in data_samples:
            if 'tile' not in sample:
                raise UserError(f'image {sample.get("img_path", sample["img_id"])} is no tile, which '
                                'StitchedCocoMetric needs: add "tile" and "scan_shape" to the meta_keys of '
                                'PackDetInputs, or use InspectionCocoMetric')
            if self._tiles and self._tiles[0]['img_id'] != sample['img_id']:
                self._finish_image()
            self._tiles.append(sample)

    def evaluate(self, size: int) -> dict[str, float]:
        """The metrics of all images; ``size`` is the number of tiles."""
        if get_dist_info()[1] > 1:
            raise UserError('StitchedCocoMetric runs in one process only, because several would share the tiles of an '
                            'image: test without --launcher')
        if self._tiles:
            self._finish_image()
        return super().evaluate(len(self.results))

    def _limit(self) -> str:
        """Likewise for the boxes that remain of an image."""
        over, most = fullest(self._coco_api, self.most, classes=False)
        if not over:
            return super()._limit()
        return (f'{over} images have more objects than the most={self.most} boxes of an image that remain, up to '
                f'{most}: the others count as missed; give StitchedCocoMetric a larger most')

    def _finish_image(self) -> None:
        tiles, self._tiles = self._tiles, []
        merged = merge_windows([_boxes(tile) for tile in tiles], [tile['tile'] for tile in tiles],
                               tiles[0]['scan_shape'], self.iou_threshold, self.most)
        boxes, scores, labels = map(torch.from_numpy, merged)
        super().process(None, [dict(img_id=tiles[0]['img_id'], ori_shape=tiles[0]['scan_shape'],
                                    pred_instances=dict(bboxes=boxes, scores=scores, labels=labels))])


def _boxes(tile: dict) -> ScoredBoxes:
    found = tile['pred_instances']
    return ScoredBoxes(found['bboxes'].float().cpu().numpy().reshape(-1, 4), found['scores'].float().cpu().numpy(),
                       found['labels'].cpu().numpy().astype(np.int64))
