"""COCO files that pycocotools does not read by itself give the training the same as their plain twins."""
from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset

from fdrd.datasets import InspectionCocoDataset, TiledCocoDataset, check_dataset_cfg
from fdrd.datasets.coco import CheckedCOCO
from mminspect.core.errors import UserError

Forms = dict[str, Callable[[dict], bytes]]


def without(data: dict, *keys: str) -> bytes:
    data = deepcopy(data)
    for annotation in data['annotations']:
        for key in keys:
            del annotation[key]
    return json.dumps(data).encode()


def with_null(data: dict) -> bytes:
    data = deepcopy(data)
    for annotation in data['annotations']:
        annotation['area'] = None
    return json.dumps(data).encode()


FORMS: Forms = {
    'byte-order mark': lambda data: json.dumps(data, ensure_ascii=False).encode('utf-8-sig'),
    'UTF-16': lambda data: json.dumps(data, ensure_ascii=False, indent=1).replace('\n', '\r\n').encode('utf-16'),
    'area is null': with_null, 'no area': lambda data: without(data, 'area'),
    'neither area nor iscrowd': lambda data: without(data, 'area', 'iscrowd')}


@pytest.fixture
def plain(coco_data: dict, write_coco: Callable) -> dict:
    """Config of a data set with a class in Chinese; its file is plain."""
    coco_data['categories'][0]['name'] = '划痕'
    return dict(write_coco(coco_data), type='InspectionCocoDataset', metainfo=dict(classes=('划痕', 'metal')))


def items(cfg: dict, kind: type = InspectionCocoDataset, **options: object) -> list[dict]:
    options = {**{key: value for key, value in cfg.items() if key != 'type'}, **options}
    dataset = kind(pipeline=[], serialize_data=False, **options)
    return [dataset.get_data_info(place) for place in range(len(dataset))]


def replace(cfg: dict, form: str) -> Path:
    path = Path(cfg['data_root'], cfg['ann_file'])
    path.write_bytes(FORMS[form](json.loads(path.read_text('utf-8'))))
    return path


@pytest.mark.parametrize('form', FORMS)
def test_training_gets_what_the_plain_file_gives(plain: dict, form: str) -> None:
    expected, tiles = items(plain, CocoDataset), items(plain, TiledCocoDataset, tile=40, overlap=8)
    assert [len(item['instances']) for item in expected] == [2, 0]
    assert check_dataset_cfg(plain) == check_dataset_cfg(dict(plain, type='CocoDataset'))
    replace(plain, form)
    assert items(plain) == expected
    assert items(plain, TiledCocoDataset, tile=40, overlap=8) == tiles


@pytest.mark.parametrize('form', FORMS)
def test_the_check_tells_it_and_refuses_other_readers(plain: dict, form: str) -> None:
    before, path = check_dataset_cfg(plain), replace(plain, form)
    told = [text for text in check_dataset_cfg(plain) if text not in before]
    assert len(told) == 1 and told[0].startswith(f"'{path}': ")
    assert told[0].endswith("mmdet's own CocoMetric does not read such a file, InspectionCocoMetric does")
    assert ('area as width*height' in told[0]) == ('area' in form)
    with pytest.raises(UserError, match=r"train\.json': .*, which CocoDataset does not read: use InspectionCocoDataset "
                                        'in the config, which does, or correct the file$'):
        check_dataset_cfg(dict(plain, type='CocoDataset'))


def test_mmdet_alone_does_not_read_it(plain: dict) -> None:
    """Why there is a class; if this fails one day, mmdet's own may do."""
    replace(plain, 'byte-order mark')
    with pytest.raises(json.JSONDecodeError):
        items(plain, CocoDataset)


def test_damage_is_one_sentence_without_the_check(plain: dict) -> None:
    path = Path(plain['data_root'], plain['ann_file'])
    path.write_text('{"images": [')
    with pytest.raises(UserError, match=r"train\.json' is not valid JSON"):
        items(plain)


def test_an_index_of_content_that_is_at_hand(coco_data: dict) -> None:
    index = CheckedCOCO(content=coco_data)
    assert index.get_img_ids() == [1, 2] and index.get_ann_ids(img_ids=[1]) == [1, 2]
    assert index.img_ann_map is index.imgToAnns and CheckedCOCO().get_img_ids() == []
