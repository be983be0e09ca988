from __future__ import annotations

import json
from pathlib import Path

import pytest

from fdrd.datasets.coco_json import category_names, coco_records, load_coco
from mminspect.core.errors import UserError


def load(tmp_path: Path, data: object) -> dict:
    path = tmp_path / 'train.json'
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return load_coco(path)


def test_valid_file(tmp_path: Path, coco_data: dict) -> None:
    data = load(tmp_path, coco_data)
    assert data == coco_data
    assert category_names(data) == ['hair', 'metal']
    first, second = coco_records(data, Path('images'))
    assert (first.name, first.path, first.size) == ('a.png', Path('images/a.png'), (64, 48))
    assert [(b.name, b.category, b.xywh) for b in first.boxes] == [
        ('annotation 1', 'hair', (4, 5, 20, 10)), ('annotation 2', 'metal', (30, 20, 5, 6))]
    assert second.boxes == []


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'is empty: export or copy it again'),
    (' \n', 'is empty'),
    ('{"images": [', 'is not valid JSON'),
    ('[]', 'is not in COCO format: it needs the lists images, annotations, categories'),
    ('{"images": [], "annotations": []}', 'is not in COCO format'),
    ('{"images": [], "annotations": [], "categories": []}', 'lists no images'),
])
def test_unusable_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        load(tmp_path, text)
    assert 'train.json' in str(error.value)


def test_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    for name in ('val.json', '.hidden.json'):
        (tmp_path / name).touch()
    with pytest.raises(UserError, match=r"train.json' does not exist; '.*' holds val.json: correct data_root"):
        load_coco(tmp_path / 'train.json')


@pytest.mark.parametrize(('key', 'field'), [('annotations', 'area'), ('annotations', 'iscrowd'), ('images', 'width'),
                                            ('categories', 'name')])
def test_lacking_field(tmp_path: Path, coco_data: dict, key: str, field: str) -> None:
    del coco_data[key][1][field]
    with pytest.raises(UserError, match=f"entry 1 of '{key}' in '.*train.json' lacks {field}"):
        load(tmp_path, coco_data)


@pytest.mark.parametrize('key', ['images', 'annotations', 'categories'])
def test_repeated_id(tmp_path: Path, coco_data: dict, key: str) -> None:
    coco_data[key][1]['id'] = 1
    with pytest.raises(UserError, match=f"uses the id 1 more than once in '{key}'"):
        load(tmp_path, coco_data)


@pytest.mark.parametrize(('field', 'value', 'message'), [
    ('image_id', 9, 'annotation 2 in .* has image_id 9, which is not listed'),
    ('category_id', 9, 'annotation 2 in .* has category_id 9, which is not listed'),
    ('bbox', [1, 2, 3], 'annotation 2 in .* has no bbox of four numbers'),
    ('bbox', [1, 2, 3, None], 'annotation 2 in .* has no bbox of four numbers'),
])
def test_wrong_annotation(tmp_path: Path, coco_data: dict, field: str, value: object, message: str) -> None:
    coco_data['annotations'][1][field] = value
    with pytest.raises(UserError, match=message):
        load(tmp_path, coco_data)


@pytest.mark.parametrize('value', [0, '64', None])
def test_wrong_image_size(tmp_path: Path, coco_data: dict, value: object) -> None:
    coco_data['images'][1]['width'] = value
    with pytest.raises(UserError, match=r"image 'b.png' in .* has no positive width and height"):
        load(tmp_path, coco_data)
