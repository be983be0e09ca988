"""Metrics of scans from their tiles equal those of the scans themselves."""
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from anomaly_rd.evaluation import AnomalyMetric, StitchedAnomalyMetric
from mminspect.core.errors import UserError
from mminspect.vision.tiling import cut, tile_boxes

SHAPE, TILE = (48, 80), 16


@pytest.fixture
def scans(tmp_path: Path) -> list[dict]:
    """Two good and two defective scans with maps of continuous values, which find the defects more or less."""
    rng, found = np.random.default_rng(0), []
    for number in range(4):
        heat, mask_path = rng.random(SHAPE, dtype=np.float32), None
        if number % 2:
            mask = np.zeros(SHAPE, np.uint8)
            mask[10:22, 30 + number:41] = 255
            heat[mask > 0] += 0.4
            mask_path = str(tmp_path / f'{number}.png')
            Image.fromarray(mask).save(mask_path)
        found.append(dict(img_path=f'scan{number}.png', sample_idx=number, ori_shape=SHAPE, gt_label=number % 2,
                          mask_path=mask_path, anomaly_map=torch.from_numpy(heat), pred_score=heat.max()))
    return found


def tiles_of(scan: dict, mode: str = 'pad', tile: int = TILE) -> list[dict]:
    mask = np.zeros(SHAPE) if scan['mask_path'] is None else np.asarray(Image.open(scan['mask_path']))
    tiles = []
    for box in tile_boxes(*SHAPE, tile, mode):
        heat = scan['anomaly_map'].numpy()[box[0]:box[2], box[1]:box[3]]
        tiles.append(dict(scan, tile=box, scan_shape=SHAPE, scan_label=scan['gt_label'],
                          ori_shape=(tile, tile), pred_score=heat.max(),
                          gt_label=int(cut(mask, box, False).any()), anomaly_map=torch.from_numpy(heat)))
    return tiles


@pytest.mark.parametrize('batch', [1, 4, 100])
def test_tiles_give_the_metrics_of_their_scans(scans: list[dict], batch: int) -> None:
    whole, stitched = AnomalyMetric(original_size=True), StitchedAnomalyMetric(prefix='scan')
    whole.process(None, scans)
    tiles = [tile for scan in scans for tile in tiles_of(scan)]
    for start in range(0, len(tiles), batch):
        stitched.process(None, tiles[start:start + batch])
    expected, found = whole.evaluate(4), stitched.evaluate(len(tiles))
    assert set(found) == {f'scan/{name}' for name in expected}
    assert 0.5 < expected['pixel_auroc'] < 1
    for name, value in expected.items():
        assert found[f'scan/{name}'] == pytest.approx(value, nan_ok=True), name
    assert stitched.counts['normal_images'] == 2 and stitched.counts['regions'] == 2


def test_small_maps_are_enlarged_to_their_tile(scans: list[dict]) -> None:
    metric = StitchedAnomalyMetric()
    for scan in scans:
        tiles = tiles_of(scan)
        for tile in tiles:
            tile['anomaly_map'] = torch.full((4, 4), float(tile['gt_label']))
        metric.process(None, tiles)
    metrics = metric.evaluate(0)
    # tiles with a defect are wholly 1: every defect pixel is found, with three to six tiles of false alarms around
    assert metrics['pixel_auroc'] > 0.9 and 0 < metrics['pixel_ap'] < 0.5


def test_it_can_be_used_again(scans: list[dict]) -> None:
    metric, values = StitchedAnomalyMetric(), []
    for _ in range(2):
        metric.process(None, [tile for scan in scans for tile in tiles_of(scan)])
        values.append(metric.evaluate(0)['image_auroc'])
    assert values[0] == values[1]


def test_a_scan_whose_defect_lies_outside_every_tile_is_anomalous(scans: list[dict]) -> None:
    metric = StitchedAnomalyMetric(metrics=('image_auroc', 'aupro'))
    for scan in scans:  # tiles of 40 leave out rows 40 to 47
        if scan['gt_label']:
            mask = np.zeros(SHAPE, np.uint8)
            mask[43:47, 10:20] = 255
            Image.fromarray(mask).save(scan['mask_path'])
        tiles = tiles_of(scan, 'drop_last', 40)
        assert len(tiles) == 2 and not any(tile['gt_label'] for tile in tiles)
        metric.process(None, tiles)
    metrics = metric.evaluate(0)
    assert (metric.counts['normal_images'], metric.counts['anomalous_images'], metric.counts['regions']) == (2, 2, 2)
    assert 0 <= metrics['image_auroc'] <= 1 and metrics['aupro'] < 0.2  # what no tile shows is not found


def test_several_processes_have_no_scans(scans: list[dict], monkeypatch: pytest.MonkeyPatch,
                                         messages: list[str]) -> None:
    metric = StitchedAnomalyMetric(prefix='scan', per_image_aupro=True)
    metric.process(None, [tile for scan in scans for tile in tiles_of(scan)])
    expected = metric.evaluate(0)
    monkeypatch.setattr('anomaly_rd.evaluation.stitched_metric.get_dist_info', lambda: (0, 2))
    metric.process(None, tiles_of(scans[0])[::2])  # every other tile is no grid
    metric.process(None, tiles_of(scans[1])[::2])
    found = metric.evaluate(1)
    assert found.keys() == expected.keys() and all(np.isnan(value) for value in found.values())
    assert len([m for m in messages if 'Metrics of whole scans are n/a' in m]) == 1


def test_mistakes(scans: list[dict]) -> None:
    metric = StitchedAnomalyMetric()
    with pytest.raises(UserError, match=r'scan0\.png is no tile'):
        metric.process(None, scans[:1])
    with pytest.raises(UserError, match=r'a tile of scan0\.png was cropped'):
        metric.process(None, [dict(tiles_of(scans[0])[0], crop=(0.1, 0.1, 0.9, 0.9))])
    with pytest.raises(UserError, match='has no defect_area'):
        StitchedAnomalyMetric(defect_area=(0, 1024))
