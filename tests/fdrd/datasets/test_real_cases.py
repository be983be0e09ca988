"""The smallest inputs of what users of detection data met, each with its right outcome: read, warned of, refused.

Pictures are 80x60; the box of every object is 10, 10, 14, 12 (x, y, width, height) unless a test says otherwise.
"""
from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope
from PIL import Image

from fdrd.datasets import check_dataset_cfg, given_data
from fdrd.datasets.voc2coco import VOCLayout, convert
from mminspect.core.errors import UserError

OBJECT = ('<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>11</xmin><ymin>21</ymin>'
          '<xmax>31.6</xmax><ymax>41</ymax></bndbox></object>')
XML = ('{head}<annotation><filename>{stem}.png</filename><size><width>{width}</width><height>60</height></size>'
       f'{OBJECT}</annotation>')
INSTANCE = dict(bbox=[10, 20, 30, 40], bbox_label=0, ignore_flag=0)


@pytest.fixture
def coco(tmp_path: Path) -> Callable[..., dict]:
    """coco(annotation=..., images=..., categories=..., exif=...): what differs from a good set; returns its config."""

    def write(annotation: dict | None = None, images: tuple[dict, ...] = ({}, {}), exif: int | None = None,
              **lists: list) -> dict:
        listed = [dict(dict(id=n, file_name=f'{n}.jpg', width=80, height=60), **image)
                  for n, image in enumerate(images, 1)]
        boxes = [dict(dict(id=image['id'], image_id=image['id'], category_id=1, bbox=[10, 10, 14, 12], area=168,
                           iscrowd=0, segmentation=[]), **(annotation or {})) for image in listed]
        data = dict(images=listed, annotations=boxes, categories=[dict(id=1, name='scratch')])
        (tmp_path / 'train.json').write_text(json.dumps(dict(data, **lists)))
        tag = Image.Exif()
        tag[0x0112] = exif or 1
        for image in listed:
            (tmp_path / 'img').mkdir(exist_ok=True)
            Image.new('L', (80, 60), 90).save(tmp_path / 'img' / image['file_name'], exif=tag)
        return dict(type='CocoDataset', data_root=str(tmp_path), ann_file='train.json', data_prefix=dict(img='img'),
                    metainfo=dict(classes=('scratch', )), pipeline=[dict(type='LoadInspectionImage')])

    return write


@pytest.fixture
def voc(tmp_path: Path) -> Callable[..., dict]:
    """voc(...): two images a and b with an object each; returns the data set's config."""

    def write(head: str = '', name: str = 'scratch', difficult: str = '0', width: str = '80', encoding: str = 'utf-8',
              train: bytes = b'a\nb\n', suffixes: tuple[str, str] = ('.xml', '.xml')) -> dict:
        for folder in ('Annotations', 'JPEGImages', 'ImageSets/Main'):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for stem, suffix in zip('ab', suffixes, strict=True):
            text = XML.format(head=head, name=name, difficult=difficult, width=width, stem=stem)
            (tmp_path / 'Annotations' / f'{stem}{suffix}').write_bytes(text.encode(encoding))
            Image.new('L', (80, 60), 90).save(tmp_path / 'JPEGImages' / f'{stem}.png')
        (tmp_path / 'ImageSets' / 'Main' / 'train.txt').write_bytes(train)
        return dict(type='InspectionVOCDataset', data_root=str(tmp_path), ann_file='ImageSets/Main/train.txt',
                    metainfo=dict(classes=(name, )), serialize_data=False)

    return write


def instances(cfg: dict) -> list[list[dict]]:
    """What training gets of each image."""
    assert isinstance(check_dataset_cfg(cfg), list)
    with DefaultScope.overwrite_default_scope('mmdet'):
        return [item['instances'] for item in DATASETS.build(dict(cfg, serialize_data=False)).data_list]


def error_of(cfg: dict) -> str:
    with pytest.raises(UserError) as error:
        check_dataset_cfg(cfg)
    assert '\n' not in str(error.value)
    return str(error.value)


def test_a_good_set_has_nothing_to_say(coco: Callable, voc: Callable) -> None:
    assert check_dataset_cfg(coco()) == []
    assert check_dataset_cfg(voc()) == []


def test_all_crowd(coco: Callable) -> None:
    assert ("train.json' gives no object to learn, though it lists 2: 2 marked as crowd (annotation 1 of '1.jpg', "
            "annotation 2 of '2.jpg'); correct the file" in error_of(coco(dict(iscrowd=1))))


def test_area_zero(coco: Callable) -> None:
    assert 'though it lists 2: 2 with an area of 0 or less (annotation 1' in error_of(coco(dict(area=0)))


def test_area_null(coco: Callable) -> None:
    cfg = coco(dict(area=None))
    assert error_of(cfg).endswith('2 annotations do not say area (annotation 1, annotation 2), which CocoDataset does '
                                  'not read: use InspectionCocoDataset in the config, which does, or correct the file')
    (given, ) = given_data(dict(cfg, type='InspectionCocoDataset'))
    assert (given.boxes, given.dropped) == (2, {})


def test_normalised_boxes(coco: Callable) -> None:
    shares = dict(bbox=[0.125, 1 / 6, 0.175, 0.2], area=0.035)
    assert ("all 2 boxes of '" in (text := error_of(coco(shares)))
            and text.endswith("as shares of the image's sides do: multiply them by its width and height in pixels"))


def test_corner_boxes(coco: Callable) -> None:
    [text] = check_dataset_cfg(coco(dict(bbox=[10, 10, 24, 22])))
    assert 'the boxes look like corners x1, y1, x2, y2, while COCO has x, y, width, height' in text
    assert 'look like corners' in error_of(coco(dict(bbox=[60, 40, 78, 58], area=324)))


def test_category_name_twice(coco: Callable) -> None:
    twice = [dict(id=0, name='scratch'), dict(id=1, name='scratch')]
    assert error_of(coco(categories=twice)).endswith(
        "has 2 categories named 'scratch' (id 0 with 0 annotations, 1 with 2 annotations): delete category 0")


def test_one_file_two_ids(coco: Callable) -> None:
    [text] = check_dataset_cfg(coco(images=({}, dict(file_name='1.jpg'))))
    assert "1 image files are listed under more than one id ('1.jpg' as 1 and 2)" in text


def test_exif_180(coco: Callable) -> None:
    cfg = coco(exif=3)
    [text] = check_dataset_cfg(cfg)
    assert '2 of 2 images carry an EXIF orientation and are turned when they are read' in text and '1.jpg' in text
    [text] = check_dataset_cfg(dict(cfg, pipeline=[dict(type='LoadInspectionImage', orientation=False)]))
    assert 'are not turned when they are read, because of orientation=False' in text


def test_a_part_is_dropped(coco: Callable) -> None:
    """Training goes on with what is left, and says so."""
    boxes = [dict(id=n, image_id=1, category_id=1, bbox=[10, 10, 14, 12], area=168, iscrowd=0, **more)
             for n, more in enumerate([{}, dict(ignore=1), dict(ignore=1), dict(ignore=1), dict(ignore=1)], 1)]
    cfg = coco(annotations=boxes)
    assert [text.split(': ', 1)[1] for text in check_dataset_cfg(cfg)][:1] == [
        '1 of 5 boxes are labels; 4 dropped: 4 marked "ignore" (annotation 2 of \'1.jpg\', annotation 3 of \'1.jpg\', '
        "annotation 4 of '1.jpg', ...)"]
    [found] = given_data(cfg)
    assert found.boxes == sum(map(len, instances(cfg))) == 1


@pytest.mark.parametrize(('declared', 'encoding'), [('gb2312', 'gb2312'), ('GBK', 'gbk'), ('utf-16', 'utf-16')])
def test_voc_in_chinese(voc: Callable, declared: str, encoding: str) -> None:
    cfg = voc(f'<?xml version="1.0" encoding="{declared}"?>', '划痕', encoding=encoding)
    assert instances(cfg) == [[INSTANCE], [INSTANCE]]


@pytest.mark.parametrize('name', ['ansi', 'unknown-8bit', 'hex'])
def test_voc_of_unknown_encoding(voc: Callable, name: str) -> None:
    text = error_of(voc(f'<?xml version="1.0" encoding="{name}"?>'))
    assert text.endswith(f"a.xml' says that its encoding is '{name}', which is unknown: save it as UTF-8")


@pytest.mark.parametrize('train', [
    b'\xef\xbb\xbfa\r\nb\r\n', 'a\nb\n'.encode('utf-16'), b'a  1\nb -1\n', b'a.png\nb.png\n', b'a.jpg\nb.JPG\n',
    b'JPEGImages\\a.png\nJPEGImages\\b.png'])
def test_voc_lists(voc: Callable, train: bytes) -> None:
    assert instances(voc(train=train)) == [[INSTANCE], [INSTANCE]]


def test_voc_list_with_a_name_twice(voc: Callable) -> None:
    cfg = voc(train=b'a\nb\na\n')
    assert instances(cfg) == [[INSTANCE], [INSTANCE]]
    [text] = check_dataset_cfg(cfg)
    assert 'train.txt\': 1 lines name an image that an earlier one names, and are left out (first: a)' in text


def test_voc_with_suffixes_in_capitals(voc: Callable, tmp_path: Path) -> None:
    cfg = voc(suffixes=('.xml', '.XML'))
    assert instances(cfg) == [[INSTANCE], [INSTANCE]]
    lines = convert(VOCLayout(tmp_path), tmp_path / 'out', [0.5])
    assert [line.split(':')[1].split(',')[0] for line in lines] == [' 1 images', ' 1 images']
    assert len(json.loads((tmp_path / 'out' / 'instances_val.json').read_text())['annotations']) == 1


@pytest.mark.parametrize('changes', [dict(width='80.0'), dict(difficult='Unspecified'), dict(difficult=''),
                                     dict(width='0')])
def test_voc_values_that_are_read(voc: Callable, changes: dict) -> None:
    assert instances(voc(**changes)) == [[INSTANCE], [INSTANCE]]


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(width='80.5'), 'the <size> in line 1 says 80.5x60 pixels'),
    (dict(width='wide'), "the <width> in line 1 is 'wide'"), (dict(width='81'), '80x60 pixels but'),
    (dict(difficult='very'), "the <difficult> in line 1 is 'very' instead of 0 or 1")])
def test_voc_values_that_are_not(voc: Callable, changes: dict, message: str) -> None:
    assert message in error_of(voc(**changes))


def test_shares_in_voc(voc: Callable, tmp_path: Path) -> None:
    cfg = voc()
    for path in (tmp_path / 'Annotations').iterdir():
        path.write_text(path.read_text().replace('>11<', '>0.1<').replace('>21<', '>0.2<').replace('>31.6<', '>0.3<')
                        .replace('>41<', '>0.4<'))
    assert 'has corners between 0 and 1, as shares' in error_of(cfg)


@pytest.mark.parametrize('seed', range(3))
def test_counts_are_those_of_the_data_set(coco: Callable, seed: int) -> None:
    """Random annotations of every kind: the count agrees with what mmdet gives, image by image."""
    rng = np.random.default_rng(seed)
    boxes = [dict(id=n, image_id=int(rng.integers(1, 4)), category_id=int(rng.integers(1, 3)),
                  bbox=[float(v) for v in (rng.choice([-30, 5, 40, 79.5, 90]), rng.choice([-9, 5, 30, 65]),
                                           *rng.choice([-3, 0, 0.5, 1, 0.99, 12], 2))],
                  area=float(rng.choice([-1, 0, 0.3, 9])), iscrowd=int(rng.random() < 0.2),
                  ignore=bool(rng.random() < 0.1)) for n in range(2000)]
    categories = [dict(id=1, name='scratch'), dict(id=2, name='b')]
    cfg = dict(coco(images=({}, {}, {}), annotations=boxes, categories=categories), serialize_data=False)
    [found] = given_data(cfg)
    with DefaultScope.overwrite_default_scope('mmdet'):
        given = [one for item in DATASETS.build(cfg).data_list for one in item['instances']]
    assert found.boxes == sum(not one['ignore_flag'] for one in given) > 0
    assert sum(map(len, found.ignored.values())) == sum(one['ignore_flag'] for one in given) > 0
    assert found.boxes + sum(map(len, [*found.ignored.values(), *found.dropped.values()])) == 2000 == found.listed_boxes
    assert 'left out by the data set' not in found.dropped and 'ignored by the data set' not in found.ignored
