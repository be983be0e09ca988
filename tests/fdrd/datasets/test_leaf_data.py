"""One data set of a config; test_checks has the rest."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset
from mmengine.config import ConfigDict

from fdrd.datasets.leaf_data import kind_of, read_leaf
from mminspect.core.errors import UserError
from mminspect.core.once import reading_once


def test_data_sets_of_others_are_left_to_them() -> None:
    with reading_once():
        assert read_leaf(dict(type='SomethingElse', data_root=Path('x'))) is None
    assert kind_of(dict(type='SomethingElse')) is None and read_leaf(dict(type='SomethingElse')) is None
    assert read_leaf(dict(type='CrowdHumanDataset')) is None
    assert read_leaf(dict(type='CocoDataset', data_root='s3://bucket/', ann_file='train.json')) is None


def test_records_have_the_size_of_the_file_where_the_annotation_says_none(voc_root: Path, write_xml: Callable) -> None:
    write_xml(voc_root / 'Annotations' / 'b.xml', [('hair', 2, 2, 9, 9)], size=None)
    leaf = read_leaf(dict(type='InspectionVOCDataset', data_root=str(voc_root), ann_file='ImageSets/Main/train.txt',
                          metainfo=dict(classes=('hair', 'metal'))))
    assert [record.size for record in leaf.records] == [(64, 48), (64, 48)]
    assert len(leaf.dataset.data_list) == 2


def test_annotations_are_read_once(tmp_path: Path, write_image: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / 'images' / 'a.png')
    (tmp_path / 'labels').mkdir()
    (tmp_path / 'labels' / 'a.txt').write_text('0 .5 .5 .5 .5')
    (tmp_path / 'data.yaml').write_text('train: images\nnames: [hair]')
    leaf = read_leaf(dict(type='InspectionYOLODataset', data_root=str(tmp_path), metainfo=dict(classes=('hair', ))))
    monkeypatch.setattr('fdrd.datasets.yolo_lines.parse_line', lambda *_: 1 / 0)
    assert [len(item['instances']) for item in leaf.dataset.data_list] == [1]


def test_a_coco_file_is_read_once_and_gives_what_mmdet_gives(coco_data: dict, write_coco: Callable) -> None:
    coco_data['annotations'] += [dict(id=9, image_id=2, category_id=1, bbox=[1, 2, 3, 4], area=12, iscrowd=1),
                                 dict(id=7, image_id=2, category_id=2, bbox=[60, 2, 9, 4], area=36, iscrowd=0)]
    cfg = dict(write_coco(coco_data), filter_cfg=dict(filter_empty_gt=True))
    expected = CocoDataset(**{key: value for key, value in cfg.items() if key != 'type'}, serialize_data=False)
    leaf = read_leaf(cfg)
    Path(cfg['data_root'], cfg['ann_file']).unlink()
    assert leaf.dataset.data_list == expected.data_list and leaf.dataset is leaf.dataset
    assert leaf.given.labels == dict(hair=1, metal=2)


def test_within_the_checks_a_leaf_is_read_again_only_if_its_file_changed(coco_data: dict, write_coco: Callable
                                                                         ) -> None:
    cfg = write_coco(coco_data)
    assert read_leaf(cfg) is not read_leaf(cfg)
    with reading_once():
        first = read_leaf(cfg)
        assert read_leaf(ConfigDict(cfg)) is first is not read_leaf(dict(cfg, filter_cfg=dict(min_size=9)))
        coco_data['annotations'].pop()
        write_coco(coco_data)
        assert [len(record.boxes) for record in read_leaf(cfg).records] == [1, 0] != [
            len(record.boxes) for record in first.records]


def test_a_config_that_the_data_set_does_not_take(coco_data: dict, write_coco: Callable) -> None:
    with pytest.raises(UserError, match=r'the data set CocoDataset cannot be made of its config: .*colour'):
        assert read_leaf(dict(write_coco(coco_data), colour=1)).dataset


@pytest.mark.parametrize('kind', ['CocoDataset', 'InspectionCocoDataset'])
def test_coco_is_parsed_once(kind: str, coco_data: dict, write_coco: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = read_leaf(dict(write_coco(coco_data), type=kind))
    monkeypatch.setattr('fdrd.datasets.coco.load_coco', lambda *_: 1 / 0)
    monkeypatch.setattr('json.load', lambda *_: 1 / 0)
    assert [len(item['instances']) for item in leaf.dataset.data_list] == [2, 0]
