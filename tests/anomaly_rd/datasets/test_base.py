from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform

from anomaly_rd.datasets import FolderDataset, MVTecDataset
from anomaly_rd.registry import TRANSFORMS
from mminspect.core.errors import UserError

PIPELINE = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=32), dict(type='PackAnomalyInputs')]


class CountedNoise(BaseTransform):
    """A random transform: changes the image in place, and counts."""

    def __init__(self) -> None:
        self.calls = 0

    def transform(self, results: dict) -> dict:
        self.calls += 1
        results['img'] += np.uint8(1)
        return results


def paths(dataset: MVTecDataset) -> list[str]:
    return [Path(dataset.get_data_info(index)['img_path']).name for index in range(len(dataset))]


def test_holdout_and_training_share_nothing(category: Path) -> None:
    parts = {split: paths(MVTecDataset(category.parent, 'part', split, holdout=0.34)) for split in ('train', 'holdout')}
    assert (len(parts['train']), len(parts['holdout'])) == (4, 2)
    assert sorted(parts['train'] + parts['holdout']) == [f'00{i}.png' for i in range(6)]
    assert parts['train'] == sorted(parts['train'])
    other = paths(MVTecDataset(category.parent, 'part', 'holdout', holdout=0.34, holdout_seed=3))
    assert other != parts['holdout']


def test_everything_is_for_training_by_default(category: Path) -> None:
    assert len(MVTecDataset(category.parent, 'part')) == 6
    with pytest.raises(UserError, match="split='holdout' needs images"):
        MVTecDataset(category.parent, 'part', 'holdout')
    with pytest.raises(UserError, match="split is 'val', known are train, holdout, test"):
        MVTecDataset(category.parent, 'part', 'val')


def test_items(category: Path) -> None:
    dataset = MVTecDataset(category.parent, 'part', 'test')
    assert dataset[2] == dict(img_path=str(category / 'test/hole/000.png'), gt_label=1, defect_type='hole',
                              mask_path=str(category / 'ground_truth/hole/000_mask.png'), sample_idx=2)
    assert dataset[0]['mask_path'] is None
    assert dataset.test_mode and not MVTecDataset(category.parent, 'part').test_mode


@pytest.mark.parametrize('split', ['train', 'holdout'])
def test_no_good_images(category: Path, split: str) -> None:
    for path in (category / 'train' / 'good').iterdir():
        path.unlink()
    (category / 'train' / 'good' / '._000.png').touch()
    with pytest.raises(UserError, match=r"there are no good training images in '.*part/train/good'"):
        MVTecDataset(category.parent, 'part', split, holdout=0.5)
    (category / 'train' / 'good' / '._000.png').unlink()
    (category / 'train' / 'good').rmdir()
    with pytest.raises(UserError, match=r"there are no good training images in '.*part/train/good'"):
        MVTecDataset(category.parent, 'part', split, holdout=0.5)
    assert len(MVTecDataset(category.parent, 'part', 'test')) == 6


def test_a_defect_without_a_mask_has_none_in_its_sample(category: Path) -> None:
    (category / 'ground_truth' / 'hole' / '001_mask.png').unlink()
    dataset = MVTecDataset(category.parent, 'part', 'test', pipeline=PIPELINE)
    assert 'gt_mask' not in dataset[3]['data_samples'] and dataset[3]['data_samples'].gt_label == 1
    assert dataset[2]['data_samples'].gt_mask.sum() > 0


def test_cache_gives_what_the_pipeline_gives(category: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, cached = (MVTecDataset(category.parent, 'part', 'test', pipeline=PIPELINE, cache=c) for c in (False, True))
    first = [cached[index] for index in range(6)]
    monkeypatch.setattr('mminspect.vision.reading.read_image', None)  # no file is read any more
    for index in (*range(6), -1):
        again = cached[index]
        assert again['data_samples'] is not first[index]['data_samples']
        monkeypatch.undo()
        expected = plain[index]
        torch.testing.assert_close(again['inputs'], expected['inputs'], rtol=0, atol=0)
        torch.testing.assert_close(again['data_samples'].gt_mask, expected['data_samples'].gt_mask)
        assert again['data_samples'].metainfo == expected['data_samples'].metainfo


def test_prediction_does_not_reach_the_cache(category: Path) -> None:
    dataset = MVTecDataset(category.parent, 'part', 'test', pipeline=PIPELINE, cache=True)
    dataset[0]['data_samples'].pred_score = torch.tensor(1.0)
    assert 'pred_score' not in dataset[0]['data_samples']


def test_random_transforms_run_every_time(category: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = CountedNoise()
    dataset = MVTecDataset(category.parent, 'part', cache=True, pipeline=[*PIPELINE[:2], noise, PIPELINE[2]])
    first, second = dataset[0]['inputs'], dataset[0]['inputs']
    assert noise.calls == 2
    torch.testing.assert_close(first, second, rtol=0, atol=0)  # and not one brighter: the cached image is unchanged
    monkeypatch.setattr(noise, 'transform', lambda results: None)
    assert dataset.prepare_data(0) is None


def test_registered_transforms_say_whether_they_are_deterministic() -> None:
    kept = {name for name, kind in TRANSFORMS.module_dict.items() if getattr(kind, 'deterministic', False)}
    assert kept >= {'CentreCrop', 'LoadInspectionImage', 'PackAnomalyInputs', 'ResizeInspection'}
    assert not kept & {'CutPaste', 'RotateTexture'}


def test_scans_stay_on_one_side(tmp_path: Path, write_image: Callable) -> None:
    for scan in range(4):
        for tile in range(3):
            write_image(tmp_path / 'train' / 'good' / f's{scan}_{tile}.png')
    write_image(tmp_path / 'test' / 'good' / 's9_0.png')
    options = dict(holdout=0.5, scan_pattern=r'(s\d)_')
    train, holdout = (FolderDataset(tmp_path, split, **options) for split in ('train', 'holdout'))
    scans = [{info['scan_id'] for info in map(part.get_data_info, range(len(part)))} for part in (train, holdout)]
    assert (len(train), len(holdout), len(scans[0]), scans[0] & scans[1]) == (6, 6, 2, set())
    write_image(tmp_path / 'test' / 'tear' / 's2_7.png')
    with pytest.raises(UserError, match=r"s2_2\.png' \(training\) and .*s2_7\.png' \(test\) are parts of one scan"):
        FolderDataset(tmp_path, **options)


def test_real_screws(mvtec_screw: Path) -> None:
    train, test = (MVTecDataset(mvtec_screw, 'screw', split, pipeline=PIPELINE) for split in ('train', 'test'))
    assert (len(train), len(test)) == (160, 160)
    assert sum(test.get_data_info(i)['gt_label'] for i in range(160)) == 119
    assert all(test.get_data_info(i)['mask_path'] for i in range(160) if test.get_data_info(i)['gt_label'])
    assert train[5]['inputs'].shape == (3, 32, 32)


def test_real_fabric(aitex_fabric: Path) -> None:
    parts = {split: MVTecDataset(aitex_fabric, 'fabric02', split, scan_pattern=r'\w+/\d+', holdout=0.15)
             for split in ('train', 'holdout', 'test')}
    scans = {split: {part.get_data_info(i)['scan_id'] for i in range(len(part))} for split, part in parts.items()}
    assert len(parts['train']) + len(parts['holdout']) == 200 and len(parts['test']) == 95
    assert (len(scans['train']), len(scans['holdout'])) == (13, 2)
    assert not scans['train'] & scans['holdout']
