"""Metrics of whole scans, from the predictions of their tiles."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.logging import print_log

from anomaly_rd.postprocess.stitching import stitch_maps
from anomaly_rd.registry import METRICS
from mminspect.core.errors import UserError

from .anomaly_metric import AnomalyMetric


@METRICS.register_module()
class StitchedAnomalyMetric(AnomalyMetric):
    """:class:`AnomalyMetric` of scans that :class:`~anomaly_rd.datasets.tiled.TiledDataset` cut into tiles.

    The maps of a scan's tiles are enlarged to the tile's size and blended into one map, which is compared with the
    scan's mask file at full resolution; the score of a scan is the largest of its tiles. A scan is anomalous if it has
    a defect anywhere, also where no tile lies (mode 'drop_last'). Beside the scans' state of constant size, memory
    holds the maps of one scan.

    Several processes would share the tiles of a scan: there all values are NaN, with a warning.

    Args:
        kwargs: As for ``AnomalyMetric``, without ``original_size`` and ``defect_area``, which is one of tiles; give a
            ``prefix`` if both are used.

    Raises:
        UserError: The samples are no tiles, or a tile's map does not cover it (``CentreCrop``).
    """

    def __init__(self, **kwargs: Any) -> None:
        if 'defect_area' in kwargs:
            raise UserError('StitchedAnomalyMetric has no defect_area, because a scan has defects of many sizes: give '
                            'it to AnomalyMetric, which looks at tiles')
        super().__init__(original_size=True, **kwargs)
        self._tiles: list[dict] = []
        self._scans = 0

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Collect tiles; those of one scan come one after the other."""
        if get_dist_info()[1] > 1:
            return
        for sample in data_samples:
            sample = sample if isinstance(sample, dict) else sample.to_dict()
            if sample.get('tile') is None:
                raise UserError(f'{sample["img_path"]} is no tile of a scan, which StitchedAnomalyMetric needs: test '
                                'with a TiledDataset, or use AnomalyMetric')
            if sample.get('crop') is not None:
                raise UserError(f'a tile of {sample["img_path"]} was cropped, so that the maps of the tiles do not '
                                'cover the scan: take CentreCrop out of the test pipeline')
            if self._tiles and self._tiles[0]['img_path'] != sample['img_path']:
                self._finish_scan()
            self._tiles.append(sample)

    def evaluate(self, size: int) -> dict[str, float]:
        """The metrics of all scans; ``size`` is the number of tiles."""
        if get_dist_info()[1] > 1:
            print_log('Metrics of whole scans are n/a, because several processes share the tiles of a scan: test '
                      'without --launcher.', 'current', logging.WARNING)
            return self._named(dict.fromkeys(self.value_names(), float('nan')))
        if self._tiles:
            self._finish_scan()
        count, self._scans = self._scans, 0
        return super().evaluate(count)

    def _finish_scan(self) -> None:
        tiles, self._tiles = self._tiles, []
        first = tiles[0]
        label = first.get('scan_label')
        if label is None:
            label = max(int(tile['gt_label']) for tile in tiles)
        scan = dict(img_path=first['img_path'], sample_idx=self._scans, ori_shape=tuple(first['scan_shape']),
                    gt_label=label, mask_path=first['mask_path'] if label else None,
                    pred_score=max(float(tile['pred_score']) for tile in tiles))
        if self.with_map and first.get('anomaly_map') is not None:
            scan['anomaly_map'] = stitch_maps((tile['anomaly_map'] for tile in tiles),
                                              [tuple(tile['tile']) for tile in tiles], scan['ori_shape'])
        self._scans += 1
        super().process(None, [scan])
