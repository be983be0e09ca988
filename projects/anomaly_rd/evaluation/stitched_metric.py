"""Metrics of whole scans, from the predictions of their tiles."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.dist import get_dist_info
from mminspect.errors import UserError
from mminspect.tiling import stitch

from anomaly_rd.registry import METRICS

from .anomaly_metric import AnomalyMetric


@METRICS.register_module()
class StitchedAnomalyMetric(AnomalyMetric):
    """:class:`AnomalyMetric` of scans that :class:`~anomaly_rd.datasets.tiled.TiledDataset` cut into tiles.

    The maps of a scan's tiles are enlarged to the tile's size and blended into one map, which is compared with the
    scan's mask file at full resolution; the score of a scan is the largest of its tiles. Beside the scans' state of
    constant size, memory holds the maps of one scan.

    Args:
        kwargs: As for ``AnomalyMetric``, without ``original_size``; give a ``prefix`` if both are used.

    Raises:
        UserError: The samples are no tiles, or several processes would share the tiles of one scan.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(original_size=True, **kwargs)
        self._tiles: list[dict] = []
        self._scans = 0

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Collect tiles; those of one scan come one after the other."""
        for sample in data_samples:
            sample = sample if isinstance(sample, dict) else sample.to_dict()
            if sample.get('tile') is None:
                raise UserError(f'{sample["img_path"]} is no tile of a scan, which StitchedAnomalyMetric needs: test '
                                'with a TiledDataset, or use AnomalyMetric')
            if self._tiles and self._tiles[0]['img_path'] != sample['img_path']:
                self._finish_scan()
            self._tiles.append(sample)

    def evaluate(self, size: int) -> dict[str, float]:
        """The metrics of all scans; ``size`` is the number of tiles."""
        if get_dist_info()[1] > 1:
            raise UserError('StitchedAnomalyMetric runs in one process only, because several would share the tiles of '
                            'a scan: test without --launcher, or use AnomalyMetric')
        if self._tiles:
            self._finish_scan()
        count, self._scans = self._scans, 0
        return super().evaluate(count)

    def _finish_scan(self) -> None:
        tiles, self._tiles = self._tiles, []
        defective = next((tile for tile in tiles if int(tile['gt_label'])), None)
        scan = dict(img_path=tiles[0]['img_path'], sample_idx=self._scans, ori_shape=tuple(tiles[0]['scan_shape']),
                    gt_label=int(defective is not None), mask_path=defective and defective['mask_path'],
                    pred_score=max(float(tile['pred_score']) for tile in tiles))
        if self.with_map:
            boxes = [tuple(tile['tile']) for tile in tiles]
            scan['anomaly_map'] = torch.from_numpy(stitch([_enlarged(tile) for tile in tiles], boxes,
                                                          scan['ori_shape']))
        self._scans += 1
        super().process(None, [scan])


def _enlarged(tile: dict) -> Any:
    """(h, w) float32 map of a tile at the size of the tile in the scan."""
    y0, x0, y1, x1 = tile['tile']
    heat = torch.as_tensor(tile['anomaly_map']).detach().float().cpu()
    return F.interpolate(heat[None, None], (y1 - y0, x1 - x0), mode='bilinear', align_corners=False)[0, 0].numpy()
