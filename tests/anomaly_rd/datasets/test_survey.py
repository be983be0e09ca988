"""What an anomaly data set gives."""
from __future__ import annotations

from pathlib import Path

import pytest

from anomaly_rd.datasets.survey import list_anomaly_images
from mminspect.core.errors import UserError
from mminspect.survey.objects import measure_objects
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
