"""What an anomaly data set gives."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from anomaly_rd.datasets.survey import list_anomaly_images
from mminspect.core.errors import UserError
from mminspect.survey.objects import measure_objects
from mminspect.vision.folders import HIDDEN, MASKS, OTHERS, SYSTEM
from survey_helpers import anomaly_set


def cfg(root: Path, split: str, **more: object) -> dict:
    steps = [dict(type='LoadInspectionImage', max_value=4095), dict(type='ResizeInspection', size=(64, 64)),
             dict(type='PackAnomalyInputs')]
    return dict(dict(type='FolderDataset', data_root=str(root), split=split, pipeline=steps), **more)


def test_labels_masks_and_sizes(tmp_path: Path) -> None:
    root = anomaly_set(tmp_path / 'part', counts=(3, 2, 2))
    (train, ), (test, ) = (list_anomaly_images(cfg(root, split)) for split in ('train', 'test'))
    assert len(train.items) == 3 and {item.label for item in train.items} == {'good'}
    assert [item.label for item in test.items] == ['good', 'good', 'scratch', 'scratch']
    assert [item.defective for item in test.items] == [False, False, True, True]
    assert [bool(item.mask_path) for item in test.items] == [False, False, True, True]
    assert test.reading.max_value == 4095
    (thing, ) = measure_objects(test.items[2], (256, 256), test)
    assert thing.before ** 2 == pytest.approx(8 * 64) and thing.after ** 2 == pytest.approx(8 * 64 / 16)


def leave_some(root: Path) -> None:
    """Three images and a text beside those for training, two masks and a thumbnail in the test."""
    for name in ('train/good/._1.png', 'train/good/@eaDir/1.png', 'train/2.png', 'test/scratch/000_mask.png',
                 'test/masks/1.png', 'test/good/@eaDir/1.png'):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(root / 'train' / 'good' / '000.png', root / name)
    (root / 'train' / 'good' / 'notes.txt').touch()


@pytest.mark.parametrize('kind', ['FolderDataset', 'TiledDataset'])
def test_what_the_walk_has_left_out_is_counted_by_reason(tmp_path: Path, kind: str) -> None:
    root = anomaly_set(tmp_path / 'part', counts=(6, 2, 2))
    tile = dict(tile=128) if kind == 'TiledDataset' else {}
    for split in ('train', 'test'):
        assert list_anomaly_images(cfg(root, split, type=kind, **tile))[0].left_out == {}
    leave_some(root)
    expected = {'train': {HIDDEN: 1, SYSTEM: 1, OTHERS: 1, 'beside the folders of good and defective images': 1},
                'test': {MASKS: 2, SYSTEM: 1}}
    for split, counts in {**expected, 'holdout': expected['train']}.items():
        (listing, ) = list_anomaly_images(cfg(root, split, type=kind, holdout=0.5, **tile))
        assert listing.left_out == counts and len(listing.items) == (4 if split == 'test' else 3)


def test_of_good_images_alone_and_of_normal_and_abnormal_ones(tmp_path: Path) -> None:
    root = anomaly_set(tmp_path / 'part', counts=(3, 2, 2))
    leave_some(root)
    (listing, ) = list_anomaly_images(cfg(root / 'train' / 'good', 'train'))
    assert len(listing.items) == 3 and listing.left_out == {HIDDEN: 1, SYSTEM: 1, OTHERS: 1}
    (root / 'train' / 'good').rename(root / 'normal')
    (root / 'test' / 'scratch').rename(root / 'abnormal')
    for other in ('train', 'test', 'ground_truth'):
        shutil.rmtree(root / other)
    (train, ), (test, ) = (list_anomaly_images(cfg(root, split)) for split in ('train', 'test'))
    assert train.left_out == {HIDDEN: 1, SYSTEM: 1, OTHERS: 1} and test.left_out == {MASKS: 1}


def test_wrappers_and_data_sets_of_others(tmp_path: Path) -> None:
    one = cfg(anomaly_set(tmp_path / 'part', counts=(3, 2, 2)), 'train')
    assert len(list_anomaly_images(dict(type='ConcatDataset', datasets=[one, one]))) == 2
    assert list_anomaly_images(dict(type='CocoDataset')) == []


def test_of_tiles_the_scans_are_listed(tmp_path: Path) -> None:
    root = anomaly_set(tmp_path / 'part', counts=(3, 2, 2))
    (listing, ) = list_anomaly_images(cfg(root, 'test', type='TiledDataset', tile=128))
    assert len(listing.items) == 4 and listing.mask_steps is None and listing.factors((256, 256)) == (0.5, 0.5)


def test_what_cannot_be_listed_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='does not exist'):
        list_anomaly_images(cfg(tmp_path / 'nowhere', 'train'))
