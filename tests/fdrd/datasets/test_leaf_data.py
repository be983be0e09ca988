"""One data set of a config; test_checks has the rest."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fdrd.datasets.leaf_data import kind_of, read_leaf
from mminspect.core.errors import UserError


def test_data_sets_of_others_are_left_to_them() -> None:
    assert kind_of(dict(type='SomethingElse')) is None and read_leaf(dict(type='SomethingElse')) is None
    assert read_leaf(dict(type='CrowdHumanDataset')) is None
    assert read_leaf(dict(type='CocoDataset', data_root='s3://bucket/', ann_file='train.json')) is None


def test_records_have_the_size_of_the_file_where_the_annotation_says_none(voc_root: Path, write_xml: Callable) -> None:
    write_xml(voc_root / 'Annotations' / 'b.xml', [('hair', 2, 2, 9, 9)], size=None)
    leaf = read_leaf(dict(type='InspectionVOCDataset', data_root=str(voc_root), ann_file='ImageSets/Main/train.txt',
                          metainfo=dict(classes=('hair', 'metal'))))
    assert [record.size for record in leaf.records] == [(64, 48), (64, 48)]
    assert len(leaf.build().data_list) == 2


def test_annotations_are_read_once(tmp_path: Path, write_image: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / 'images' / 'a.png')
    (tmp_path / 'labels').mkdir()
    (tmp_path / 'labels' / 'a.txt').write_text('0 .5 .5 .5 .5')
    (tmp_path / 'data.yaml').write_text('train: images\nnames: [hair]')
    leaf = read_leaf(dict(type='InspectionYOLODataset', data_root=str(tmp_path), metainfo=dict(classes=('hair', ))))
    monkeypatch.setattr('fdrd.datasets.yolo.parse_line', lambda *_: 1 / 0)
    assert [len(item['instances']) for item in leaf.build().data_list] == [1]


def test_a_config_that_the_data_set_does_not_take(coco_data: dict, write_coco: Callable) -> None:
    with pytest.raises(UserError, match=r'the data set CocoDataset cannot be made of its config: .*colour'):
        read_leaf(dict(write_coco(coco_data), colour=1)).build()
