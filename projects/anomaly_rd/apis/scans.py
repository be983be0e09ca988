"""Scans that are too large for the network: cut as the test data set cuts them, and put together again."""
from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from anomaly_rd.datasets import TiledDataset
from anomaly_rd.postprocess.stitching import stitch_maps
from anomaly_rd.registry import DATASETS
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.vision.tiling import Box, cut, tile_boxes


@dataclass(frozen=True)
class Cutting:
    """How scans are cut; see :func:`mminspect.vision.tiling.tile_starts`.

    Attributes:
        tile: Side of the tiles, in pixels of the scan.
        mode: 'overlap', 'drop_last' or 'pad'.
        overlap: Of neighbours, in pixels of the scan.
    """

    tile: int
    mode: str
    overlap: int

    @classmethod
    def of(cls, dataset: Mapping[str, Any]) -> Cutting | None:
        """That of a data set's config; None where it is no :class:`~anomaly_rd.datasets.tiled.TiledDataset`."""
        kind = DATASETS.get(dataset['type']) if isinstance(dataset['type'], str) else dataset['type']
        if kind is None or not issubclass(kind, TiledDataset):
            return None
        known = inspect.signature(TiledDataset).parameters
        return cls(*(dataset.get(name, known[name].default) for name in ('tile', 'mode', 'overlap')))

    def tiles(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        """One record per tile, from that of a scan with its pixels ``img`` (H, W, 3).

        Raises:
            UserError: The scan is smaller than a tile.
        """
        shape = record['img'].shape[:2]
        try:
            boxes = tile_boxes(*shape, self.tile, self.mode, self.overlap)
        except UserError as error:
            raise UserError(f"'{record['img_path']}': {error}") from error
        return [dict(record, img=cut(record['img'], box), tile=box, scan_shape=shape) for box in boxes]


def whole_scan(record: Mapping[str, Any], samples: Sequence[AnomalyDataSample]) -> AnomalyDataSample:
    """The prediction of a scan from those of all its tiles: a map of the scan's size, the score of the worst tile.

    Args:
        record: Of the scan.
        samples: Of its tiles.
    """
    boxes: list[Box] = [tuple(sample.tile) for sample in samples]
    shape = tuple(samples[0].scan_shape)
    scan = AnomalyDataSample(metainfo=dict(img_path=record['img_path'], sample_idx=record['sample_idx'],
                                           ori_shape=shape, scan_shape=shape))
    scan.anomaly_map = stitch_maps((sample.anomaly_map for sample in samples), boxes, shape)
    scan.pred_score = torch.stack([sample.pred_score.detach().float().cpu() for sample in samples]).max()
    return scan
