import numpy as np
import pytest
import torch

from anomaly_rd.apis.scans import Cutting, whole_scan
from anomaly_rd.datasets import TiledDataset
from mminspect.core.errors import UserError
from station_helpers import sample_of


def test_as_the_data_set_cuts() -> None:
    assert Cutting.of(dict(type='TiledDataset', tile=32, mode='pad')) == Cutting(32, 'pad', 0)
    assert Cutting.of(dict(type='anomaly_rd.TiledDataset')) == Cutting.of(dict(type=TiledDataset)) == Cutting(
        1024, 'overlap', 0)
    assert Cutting.of(dict(type='FolderDataset')) is None and Cutting.of(dict(type='Unheard')) is None


def test_tiles_of_a_scan_and_back() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    record = dict(img_path='a.png', sample_idx=3, img=image)
    tiles = Cutting(32, 'overlap', 8).tiles(record)
    assert len(tiles) == 2 * 3 and {tile['scan_shape'] for tile in tiles} == {(40, 70)}
    for tile in tiles:
        y0, x0, y1, x1 = tile['tile']
        np.testing.assert_array_equal(tile['img'], image[y0:y1, x0:x1])
    samples = []
    for tile in tiles:
        samples.append(sample_of(torch.from_numpy(tile['img'][..., 0] / np.float32(255))))
        samples[-1].set_metainfo(dict(tile=tile['tile'], scan_shape=tile['scan_shape']))
    scan = whole_scan(record, samples)
    torch.testing.assert_close(scan.anomaly_map, torch.from_numpy(image[..., 0] / np.float32(255)))
    assert float(scan.pred_score) == max(float(sample.pred_score) for sample in samples)
    assert (scan.img_path, scan.sample_idx, scan.ori_shape) == ('a.png', 3, (40, 70))


def test_a_scan_that_is_too_small() -> None:
    with pytest.raises(UserError, match=r"'a\.png': tiles of 64 pixels cannot be cut from a side of 40"):
        Cutting(64, 'overlap', 0).tiles(dict(img_path='a.png', img=np.zeros((40, 70, 3), np.uint8)))
