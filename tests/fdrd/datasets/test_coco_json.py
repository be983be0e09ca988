from __future__ import annotations

import json
from pathlib import Path

import pytest

from fdrd.datasets.coco_json import load_coco, read_coco
from fdrd.datasets.coco_records import category_names, coco_records
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
    ('[]', 'is not in COCO format: it needs the lists images, annotations, categories; it is one list, as results of'),
    ('{"images": [], "annotations": []}', 'COCO format: .*; categories is missing or no list: export it again'),
    ('{"images": {}, "annotations": []}', 'images, categories are missing or no list: export it again'),
    ('{"shapes": []}', 'it has none of them: export it again as COCO for object detection'),
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


@pytest.mark.parametrize(('key', 'field'), [('annotations', 'bbox'), ('annotations', 'image_id'), ('images', 'width'),
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


@pytest.mark.parametrize('value', [0, '64', None, True, float('nan'), float('inf'), 10**400, -3, [64], {}])
def test_wrong_image_size(tmp_path: Path, coco_data: dict, value: object) -> None:
    coco_data['images'][1]['width'] = value
    with pytest.raises(UserError, match=r"image 'b.png' in .* has no positive width and height"):
        load(tmp_path, coco_data)


@pytest.mark.parametrize(('key', 'field', 'value', 'message'), [
    ('images', 'file_name', 3, 'image 2 in .* has the file_name 3: it must be the name of a file'),
    ('images', 'file_name', None, 'has the file_name None'), ('images', 'file_name', ['b.png'], 'has the file_name'),
    ('images', 'file_name', '', "has the file_name ''"), ('images', 'file_name', 'a\0.png', 'has the file_name'),
    ('images', 'file_name', '\ud800.png', 'has the file_name'),
    ('images', 'id', [1], r"entry 1 of 'images' in .* has the id \[1\]: an id must be a whole number below 2\^63, or"),
    ('images', 'id', None, 'has the id None'), ('images', 'id', True, 'has the id True'),
    ('images', 'id', 2.5, 'has the id 2.5'), ('images', 'id', float('nan'), 'has the id nan'),
    ('images', 'id', 2**63, 'has the id 9223372036854775808'), ('images', 'id', '', "has the id ''"),
    ('images', 'id', '2', "ids of 'images' in .* are numbers and, 1 of 2, texts \\(first: '2'\\): number all of them"),
    ('categories', 'id', {}, 'has the id {}'), ('categories', 'id', -2**70, 'has the id -11'),
    ('categories', 'name', None, 'category 2 in .* has the name None: give it a text'),
    ('categories', 'name', ['metal'], 'has the name'), ('categories', 'name', True, 'has the name True'),
    ('categories', 'name', '', "has the name ''"),
    ('annotations', 'id', [2], r"entry 1 of 'annotations' in .* has the id \[2\]: an id must be a whole number, or"),
    ('annotations', 'id', 'two', "ids of 'annotations' in"), ('annotations', 'id', False, 'has the id False'),
    ('annotations', 'image_id', '1', r"has image_id '1', which is not listed there \(ids there are like 1\): correct"),
    ('annotations', 'image_id', [1], 'has image_id'), ('annotations', 'image_id', None, 'has image_id None'),
    ('annotations', 'category_id', {}, 'has category_id {}'), ('annotations', 'category_id', True, 'category_id True'),
    ('annotations', 'bbox', [1, 2, 3, '4'], 'annotation 2 in .* has no bbox of four numbers'),
    ('annotations', 'bbox', [1, 2, 3, float('nan')], 'has no bbox'), ('annotations', 'bbox', 'abcd', 'has no bbox'),
    ('annotations', 'bbox', [1, 2, 3, True], 'has no bbox'), ('annotations', 'bbox', [1, 2, 3, 10**400], 'has no bbox'),
    ('annotations', 'bbox', [], 'has no bbox'), ('annotations', 'bbox', None, 'has no bbox'),
    ('annotations', 'area', '30', r"annotation 2 in .* has the area '30': write width\*height of its box, 30"),
    ('annotations', 'area', float('nan'), 'has the area nan'), ('annotations', 'area', False, 'has the area False'),
    ('annotations', 'area', float('inf'), 'has the area inf'),
    ('annotations', 'iscrowd', '0', "annotation 2 in .* has iscrowd '0': write 0, or 1 for a group of objects"),
    ('annotations', 'iscrowd', 2, 'has iscrowd 2'),
    ('annotations', 'segmentation', 'x', "has a segmentation \\('x'\\) that is neither a list of polygons nor counts"),
    ('annotations', 'segmentation', [[1, None]], 'has a segmentation'),
    ('annotations', 'segmentation', [[[[1]]]], 'has a segmentation'),
    ('annotations', 'segmentation', {'counts': 5, 'size': [1, 2]}, 'has a segmentation'),
])
def test_values_of_another_kind(tmp_path: Path, coco_data: dict, key: str, field: str, value: object,
                                message: str) -> None:
    coco_data[key][1][field] = value
    with pytest.raises(UserError, match=message) as error:
        load(tmp_path, coco_data)
    assert 'train.json' in str(error.value) and len(str(error.value)) < 600


@pytest.mark.parametrize(('key', 'field', 'value'), [
    ('images', 'id', 2**63 - 1), ('images', 'id', -5), ('images', 'id', 2.0), ('annotations', 'id', 0),
    ('annotations', 'id', 10**25), ('annotations', 'iscrowd', True), ('annotations', 'segmentation', None),
    ('annotations', 'segmentation', []), ('annotations', 'segmentation', [[1, 2.5, 3, 4, 5, 6]]),
    ('annotations', 'segmentation', {'counts': [1, 2], 'size': [48, 64]}), ('images', 'width', 64.0),
    ('annotations', 'segmentation', {'counts': 'abc', 'size': [48, 64]}), ('categories', 'name', 7),
    ('annotations', 'bbox', [1.5, 2, 3, 4]), ('annotations', 'area', 0.5)])
def test_what_is_odd_but_right(tmp_path: Path, coco_data: dict, key: str, field: str, value: object) -> None:
    coco_data[key][1][field] = value
    assert load(tmp_path, coco_data)[key][1][field] == value


def test_ids_that_are_texts(tmp_path: Path, coco_data: dict) -> None:
    for image, name in zip(coco_data['images'], ('a', 'b'), strict=True):
        image['id'] = name
    for annotation in coco_data['annotations']:
        annotation['image_id'] = 'a'
    assert [len(record.boxes) for record in coco_records(load(tmp_path, coco_data), Path())] == [2, 0]


@pytest.mark.parametrize(('categories', 'ends'), [
    ([1, 1], 'has 2 categories named \'hair\' (id 1 with 2 annotations, 2 with 0 annotations): delete category 2'),
    ([2, 2], '(id 1 with 0 annotations, 2 with 2 annotations): delete category 1'),
    ([1, 2], '(id 1 with 1 annotations, 2 with 1 annotations): write category_id 1 into the annotations of 2, or give '
             'those categories other names; delete category 2')])
def test_two_categories_of_one_name(tmp_path: Path, coco_data: dict, categories: list[int], ends: str) -> None:
    coco_data['categories'][1]['name'] = 'hair'
    for annotation, category in zip(coco_data['annotations'], categories, strict=True):
        annotation['category_id'] = category
    with pytest.raises(UserError) as error:
        load(tmp_path, coco_data)
    assert str(error.value).endswith(ends)


@pytest.mark.parametrize(('encoding', 'written'), [
    ('utf-8-sig', 'UTF-8 with a byte-order mark'), ('utf-16', 'utf-16'), ('utf-16-le', 'utf-16-le'),
    ('utf-32', 'utf-32')])
def test_encodings(tmp_path: Path, coco_data: dict, encoding: str, written: str) -> None:
    coco_data['categories'][0]['name'] = '划痕'
    path = tmp_path / 'train.json'
    path.write_bytes(json.dumps(coco_data, ensure_ascii=encoding == 'utf-16-le').encode(encoding))
    file = read_coco(path)
    assert file.content == coco_data and not file.plain and file.oddities() == [f'it is in {written}']
    path.write_bytes(json.dumps(coco_data, ensure_ascii=False).encode())
    assert read_coco(path).plain and read_coco(path).oddities() == []
    path.write_bytes(json.dumps(coco_data, ensure_ascii=False).encode('gbk'))
    with pytest.raises(UserError, match=r"is not utf-8 text \(line 1, byte \d+\): save it as UTF-8 \(in GBK"):
        read_coco(path)


def test_what_is_not_said_is_completed(tmp_path: Path, coco_data: dict) -> None:
    first, second = coco_data['annotations']
    del first['area'], first['iscrowd']
    second.update(area=None, id='b')
    first['id'] = 'a'
    (tmp_path / 'train.json').write_text(json.dumps(coco_data))
    file = read_coco(tmp_path / 'train.json')
    assert [(one['area'], one['iscrowd']) for one in file.content['annotations']] == [(20 * 10, 0), (5 * 6, 0)]
    assert file.completed == dict(area=['annotation a', 'annotation b'], iscrowd=['annotation a'])
    assert file.oddities() == ['2 annotations do not say area (annotation a, annotation b)',
                               '1 annotations do not say iscrowd (annotation a)']
    coco_data['annotations'] *= 2
    for number, annotation in enumerate(json.loads(json.dumps(coco_data['annotations']))):
        coco_data['annotations'][number] = dict(annotation, id=number, area=None)
    (tmp_path / 'train.json').write_text(json.dumps(coco_data))
    assert read_coco(tmp_path / 'train.json').oddities()[0] == (
        '4 annotations do not say area (annotation 0, annotation 1, annotation 2, ...)')
