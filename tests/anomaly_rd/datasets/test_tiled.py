from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from anomaly_rd.datasets import TiledDataset
from mminspect.core.errors import UserError
from mminspect.vision import reading
from mminspect.vision.tiling import stitch

PIPELINE = [dict(type='LoadInspectionImage'), dict(type='PackAnomalyInputs')]
SCAN = (70, 150)


@pytest.fixture
def scans(tmp_path: Path, write_image: Callable, write_mask: Callable) -> Path:
    """Four good scans of 70x150 for training, one good and one torn one, with a mask, for the test."""
    for index in range(4):
        write_image(tmp_path / 'train' / 'good' / f'{index}.png', SCAN)
    write_image(tmp_path / 'test' / 'good' / '0.png', SCAN)
    write_image(tmp_path / 'test' / 'tear' / '0.png', SCAN)
    write_mask(tmp_path / 'ground_truth' / 'tear' / '0_mask.png', (0, 100, 12, 120), SCAN)
    return tmp_path


def infos(dataset: TiledDataset) -> list[dict]:
    return [dataset.get_data_info(index) for index in range(len(dataset))]


@pytest.mark.parametrize(('mode', 'count'), [('overlap', 15), ('pad', 15), ('drop_last', 8)])
def test_number_of_tiles(scans: Path, mode: str, count: int) -> None:
    dataset = TiledDataset(scans, tile=32, mode=mode)
    assert len(dataset) == 4 * count
    assert {info['scan_id'] for info in infos(dataset)} == {f'train/good/{i}' for i in range(4)}
    assert {info['scan_shape'] for info in infos(dataset)} == {SCAN}


def test_scans_stay_together(scans: Path) -> None:
    for seed in range(4):
        train, holdout = (infos(TiledDataset(scans, split, tile=32, holdout=0.5, holdout_seed=seed))
                          for split in ('train', 'holdout'))
        assert not {info['scan_id'] for info in train} & {info['scan_id'] for info in holdout}
        assert len(train) == len(holdout) == 30


def test_one_scan_cannot_be_held_out(scans: Path) -> None:
    for index in range(1, 4):
        (scans / 'train' / 'good' / f'{index}.png').unlink()
    with pytest.raises(UserError, match='1 image or scan cannot be divided'):
        TiledDataset(scans, tile=32, holdout=0.5)


def test_parts_of_one_scan_in_several_files(scans: Path) -> None:
    for old, new in zip('0123', ('a1', 'a2', 'b1', 'b2'), strict=True):
        (scans / 'train' / 'good' / f'{old}.png').rename(scans / 'train' / 'good' / f'{new}.png')
    options = dict(tile=32, scan_pattern=r'/([ab0])', holdout=0.5)
    train, holdout = (infos(TiledDataset(scans, split, **options)) for split in ('train', 'holdout'))
    assert {info['scan_id'] for info in train} | {info['scan_id'] for info in holdout} == {'a', 'b'}
    assert len({info['scan_id'] for info in train}) == 1 and len(train) == len(holdout) == 30


def test_labels_of_tiles_come_from_the_mask(scans: Path) -> None:
    dataset = TiledDataset(scans, 'test', tile=32, pipeline=PIPELINE)
    mask = cv2.imread(str(scans / 'ground_truth' / 'tear' / '0_mask.png'), 0) > 0
    image = cv2.imread(str(scans / 'test' / 'tear' / '0.png'))[..., ::-1]
    labels = []
    for index in range(15, 30):
        packed = dataset[index]
        sample = packed['data_samples']
        y0, x0, y1, x1 = sample.tile
        labels.append(int(sample.gt_label))
        assert labels[-1] == mask[y0:y1, x0:x1].any() == (sample.defect_type == 'tear')
        np.testing.assert_array_equal(sample.gt_mask.numpy(), mask[y0:y1, x0:x1])
        np.testing.assert_array_equal(packed['inputs'].permute(1, 2, 0).numpy(), image[y0:y1, x0:x1])
        assert sample.ori_shape == (32, 32) and sample.scan_id == 'test/tear/0'
        assert sample.scan_label == 1
    assert dataset[0]['data_samples'].scan_label == 0
    assert 0 < sum(labels) < 15


@pytest.mark.parametrize('mode', ['overlap', 'pad'])
def test_stitched_tiles_are_the_scan(scans: Path, mode: str) -> None:
    dataset = TiledDataset(scans, tile=32, mode=mode, pipeline=PIPELINE)
    packed = [dataset[index] for index in range(15)]
    boxes = [item['data_samples'].tile for item in packed]
    stitched = stitch([item['inputs'][0].float().numpy() for item in packed], boxes, SCAN)
    red = cv2.imread(str(scans / 'train' / 'good' / '0.png'))[..., 2]
    np.testing.assert_allclose(stitched, red, rtol=3e-7)


def test_each_scan_is_decoded_once_with_a_cache(scans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = reading.read_image
    monkeypatch.setattr(reading, 'read_image', lambda path, *more: (read.append(path), original(path, *more))[1])
    dataset = TiledDataset(scans, tile=32, cache=True, pipeline=PIPELINE)
    order = np.random.default_rng(0).permutation(len(dataset))
    items = {index: dataset[int(index)] for index in order}
    assert len(read) == 4
    plain = TiledDataset(scans, tile=32, pipeline=PIPELINE)
    for index in (0, 17, 59):
        torch.testing.assert_close(items[index]['inputs'], plain[index]['inputs'], rtol=0, atol=0)
        assert items[index]['data_samples'].sample_idx == index


def test_neighbouring_tiles_share_one_decoding(scans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = reading.read_image
    monkeypatch.setattr(reading, 'read_image', lambda path, *more: (read.append(path), original(path, *more))[1])
    dataset = TiledDataset(scans, 'test', tile=32, pipeline=PIPELINE)
    for index in range(len(dataset)):
        dataset[index]
    assert len(read) == 2


def test_mistakes(scans: Path, write_mask: Callable) -> None:
    with pytest.raises(UserError, match=r"train/good/0\.png': tiles of 99 pixels cannot be cut from a side of 70"):
        TiledDataset(scans, tile=99)
    write_mask(scans / 'ground_truth' / 'tear' / '0_mask.png', (0, 0, 9, 9), (60, 150))
    with pytest.raises(UserError, match=r"0_mask\.png' is 150x60, but its image '.*0\.png' is 150x70"):
        TiledDataset(scans, 'test', tile=32)
    (scans / 'ground_truth' / 'tear' / '0_mask.png').unlink()
    with pytest.raises(UserError, match=r"defective scan '.*tear/0\.png' has no mask"):
        TiledDataset(scans, 'test', tile=32)


@pytest.mark.parametrize(('orientation', 'shape'), [(True, (150, 70)), (False, (70, 150))])
def test_scans_are_cut_as_they_are_read(orientation: bool, shape: tuple[int, int], tmp_path: Path) -> None:
    """EXIF asks for a right angle; a loader that does not turn gets the tiles of the pixels in the file."""
    (tmp_path / 'train' / 'good').mkdir(parents=True)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(np.zeros((*SCAN, 3), np.uint8)).save(tmp_path / 'train' / 'good' / '0.png', exif=exif)
    pipeline = [dict(PIPELINE[0], orientation=orientation), PIPELINE[1]]
    dataset = TiledDataset(tmp_path, tile=32, pipeline=pipeline)
    assert {info['scan_shape'] for info in infos(dataset)} == {shape}
    assert all(dataset[index]['inputs'].shape == (3, 32, 32) for index in range(len(dataset)))
