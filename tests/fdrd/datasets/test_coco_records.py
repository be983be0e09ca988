"""What is odd about a COCO file that can be read."""
from __future__ import annotations

import copy
from pathlib import Path

import pytest

from fdrd.datasets.coco_records import coco_records, file_warnings


def test_reasons_are_those_of_mmdet_in_its_order(coco_data: dict) -> None:
    """mmdet's CocoDataset leaves out what has a reason; test_checks compares the counts with the data set."""
    first, second = coco_data['annotations']
    first.update(iscrowd=1, area=0)
    second.update(ignore=True, bbox=[900, 20, 5, 6])
    [a, _] = coco_records(coco_data, Path('images'), ('hair', ))
    assert [(box.dropped, box.ignored) for box in a.boxes] == [
        ('with an area of 0 or less', 'marked as crowd'), ('marked "ignore"', '')]
    del second['ignore']
    second['bbox'] = [30, 20, 5, 6]
    [a, _] = coco_records(coco_data, Path('images'), ('hair', ))
    assert a.boxes[1].dropped == "of category 'metal', which metainfo does not list"
    assert [box.dropped for box in coco_records(coco_data, Path('images'))[0].boxes][1] == ''
    assert [record.identity for record in coco_records(coco_data, Path('images'))] == [1, 2]


def test_one_file_under_two_ids(coco_data: dict) -> None:
    assert file_warnings(coco_data, 'train.json', Path('images')) == []
    coco_data['images'] = [dict(copy.copy(image), id=n, file_name=name) for n, (image, name) in enumerate(
        zip(coco_data['images'] * 3, ('a.png', './a.png', 'b.png', 'b.png', 'b.png', 'c.png'), strict=True))]
    [text] = file_warnings(coco_data, 'train.json', Path('images'))
    assert text.startswith("'train.json': 2 image files are listed under more than one id ('a.png' as 0 and 1, 'b.png' "
                           'as 2 and 3 and 4): each copy lacks the boxes of the other')


def test_files_outside_of_the_folder(coco_data: dict) -> None:
    coco_data['images'][0]['file_name'], coco_data['images'][1]['file_name'] = '../a.png', '/data/b.png'
    [text] = file_warnings(coco_data, 'train.json', Path('images'))
    assert "2 images lie outside of 'images' by their file_name ('../a.png', '/data/b.png')" in text


def test_ids_that_pycocotools_takes_for_none(coco_data: dict) -> None:
    coco_data['annotations'][0]['id'] = 0
    [text] = file_warnings(coco_data, 'train.json', Path('images'))
    assert "1 annotations have an id of 0 or a text (first: 0), for which mmdet's own CocoMetric counts" in text


@pytest.mark.parametrize('area', [200, 10, 215.6, 21 * 11, 157.5])
def test_areas_of_objects_in_their_box(coco_data: dict, area: float) -> None:
    """The box is 20x10: the whole of it, a line along it, with its ends counted, an ellipse."""
    coco_data['annotations'][0]['area'] = area
    assert file_warnings(coco_data, 'train.json', Path('images')) == []


@pytest.mark.parametrize('area', [0.003, 200 / (64 * 48), 9.9, 20 * 10 * 4, 64 * 48])
def test_areas_in_other_units(coco_data: dict, area: float) -> None:
    coco_data['annotations'][0]['area'] = area
    [text] = file_warnings(coco_data, 'train.json', Path('images'))
    assert text.startswith("'train.json': 1 annotations have an area that no object in their box has (annotation 1 "
                           f'with {area:g} in a box of 20x10), and AP of small, medium and large objects goes by it')


def test_the_first_three_areas_are_named_and_dropped_boxes_are_not(coco_data: dict) -> None:
    coco_data['annotations'] = [dict(coco_data['annotations'][0], id=n, area=0.5) for n in range(1, 6)]
    coco_data['annotations'] += [dict(coco_data['annotations'][0], id=6, area=0),
                                 dict(coco_data['annotations'][0], id=7, bbox=[4, 5, -20, 10])]
    [text] = file_warnings(coco_data, 'train.json', Path('images'))
    assert '5 annotations have an area' in text and 'annotation 3 with' in text and 'annotation 4' not in text
