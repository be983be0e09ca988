"""CVAT for images 1.1 in all its shapes."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope

from fdrd.datasets import check_dataset_cfg
from fdrd.datasets.cvat import parse_cvat
from mminspect.core.errors import UserError

NAMES = ('hair', 'metal')
HEAD = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><labels>
    <label><name>hair</name><attributes><attribute><name>colour</name></attribute></attributes></label>
    <label><name>metal</name></label>
  </labels></task></meta>
"""
IMAGES = """<image id="0" name="a.png" subset="Train" width="64" height="48">
<box label="hair" occluded="0" xtl="4.5" ytl="5" xbr="24.5" ybr="15"><attribute name="colour">red</attribute></box>
<polygon label="metal" points="30,20;35.5,22;33,26"/>
</image>
<image id="1" name="sub/b.jpg" subset="Validation" width="64" height="48"></image>
"""


@pytest.fixture(autouse=True)
def mmdet_scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def write(tmp_path: Path, write_image: Callable) -> Callable[..., dict]:
    """write(images): the XML file beside the two images; returns the data set's config."""
    for name in ('a.png', 'sub/b.jpg'):
        write_image(tmp_path / 'images' / name)

    def write_file(images: str = IMAGES, **changes: object) -> dict:
        (tmp_path / 'train.xml').write_text(f'{HEAD}{images}</annotations>', encoding='utf-8')
        return dict(dict(type='InspectionCVATDataset', data_root=str(tmp_path), ann_file='train.xml',
                         metainfo=dict(classes=NAMES), serialize_data=False), **changes)

    return write_file


def shape_cfg(write: Callable, shape: str) -> dict:
    """One image with one shape, in line 9 of the file."""
    return write(f'<image id="0" name="a.png" width="64" height="48">\n{shape}</image>')


def test_boxes(write: Callable) -> None:
    dataset = DATASETS.build(write())
    first, second = (dataset.get_data_info(i) for i in range(2))
    assert (first['img_id'], Path(first['img_path']).name) == ('a.png', 'a.png')
    assert (first['width'], first['height']) == (64, 48)
    assert first['instances'] == [dict(bbox=[4.5, 5, 24.5, 15], bbox_label=0, ignore_flag=0),
                                  dict(bbox=[30, 20, 35.5, 26], bbox_label=1, ignore_flag=0)]
    assert second['img_id'] == 'sub/b.jpg' and second['instances'] == []
    assert [w.split(': ')[1] for w in check_dataset_cfg(write())] == ['1 of 2 images have no object']
    assert parse_cvat(dataset.ann_file).labels == ['hair', 'metal']  # without names of attributes


def test_subsets(write: Callable, tmp_path: Path, write_image: Callable) -> None:
    assert len(DATASETS.build(write(subset='Train'))) == 1
    with pytest.raises(UserError, match=r"no image of subset 'Test'; there are 'Train', 'Validation': correct"):
        check_dataset_cfg(write(subset='Test'))
    (tmp_path / 'images' / 'a.png').unlink()  # a project's export has a folder for each subset
    moved = write_image(tmp_path / 'images' / 'Train' / 'a.png')
    assert DATASETS.build(write(subset='Train')).get_data_info(0)['img_path'] == str(moved)
    doubled = IMAGES + IMAGES.replace('Train', 'Other')
    with pytest.raises(UserError, match=r"has the image 'a\.png' more than once"):
        check_dataset_cfg(write(doubled))


@pytest.mark.parametrize('angle', [0, 30, 90, 135.5])
def test_turned_shapes_lie_in_their_upright_boxes(write: Callable, angle: float) -> None:
    box = f'<box label="hair" xtl="20" ytl="20" xbr="44" ybr="28" rotation="{angle}"/>'
    info = DATASETS.build(shape_cfg(write, box)).get_data_info(0)
    corners = cv2.boxPoints(((32, 24), (24, 8), angle))
    np.testing.assert_allclose(info['instances'][0]['bbox'], [*corners.min(0), *corners.max(0)], atol=1e-4)
    ellipse = f'<ellipse label="hair" cx="32" cy="24" rx="12" ry="4" rotation="{angle}"/>'
    info = DATASETS.build(shape_cfg(write, ellipse)).get_data_info(0)
    turn, around = np.radians(angle), np.linspace(0, 2 * np.pi, 100001)
    x = 12 * np.cos(around) * np.cos(turn) - 4 * np.sin(around) * np.sin(turn)
    y = 12 * np.cos(around) * np.sin(turn) + 4 * np.sin(around) * np.cos(turn)
    np.testing.assert_allclose(info['instances'][0]['bbox'],
                               [32 + x.min(), 24 + y.min(), 32 + x.max(), 24 + y.max()], atol=1e-4)


def test_masks_and_what_has_no_box(write: Callable) -> None:
    shapes = '''<mask label="metal" rle="0, 12" left="5" top="6" width="4" height="3"/><tag label="hair"/>
<points label="hair" points="1,1"/><polyline label="hair" points="1,1;2,2"/><points label="hair" points="2,2"/>'''
    cfg = shape_cfg(write, shapes)
    assert [box['bbox'] for box in DATASETS.build(cfg).get_data_info(0)['instances']] == [[5, 6, 9, 9]]
    found = [text.split(': ')[1] for text in check_dataset_cfg(cfg)]
    assert found[:3] == ['2 <points> have no box and are left out', '1 <polyline> have no box and are left out',
                         '1 <tag> have no box and are left out']


@pytest.mark.parametrize(('shape', 'message'), [
    ('<box label="hair" xtl="1" ytl="1" xbr="9"/>', r"the <box> in line 9 of '.*train\.xml' has ybr=None: it"),
    ('<box label="hair" xtl="a" ytl="1" xbr="9" ybr="9"/>', "in line 9 .* has xtl='a'"),
    ('<polygon label="hair" points="1;2"/>', r'the <polygon> in line 9 .* needs points="x,y;x,y;\.\.\."'),
    ('<box label="hair" xtl="9" ytl="1" xbr="9" ybr="9"/>', "the box in line 9 of image 'a.png' .* zero or negative"),
    ('<box label="hair" xtl="1" ytl="1" xbr="90" ybr="9"/>', 'the box in line 9 .* lies outside its image'),
    ('<box label="hiar" xtl="1" ytl="1" xbr="9" ybr="9"/>', "line 9 .* is of class 'hiar', .*nearest: 'hair'"),
])
def test_shapes_that_are_wrong(write: Callable, shape: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_dataset_cfg(shape_cfg(write, shape))


def test_files_that_are_wrong(write: Callable, tmp_path: Path) -> None:
    for images, message in (
            ('<track id="0"></track>', 'is "CVAT for video": export the task as "CVAT for images 1.1"'),
            ('', 'has no <image> in <annotations>'), ('<image', 'is not valid XML'),
            ('<image name="a.png" width="x" height="1"/>', "the <image> in line 8 of '.*' has width='x'"),
            ('<image name="a.png" width="0" height="1"/>', 'needs a name and a positive width and height'),
            (IMAGES.replace('a.png', 'gone.png'), r"image file 'gone\.png' of"),
            (IMAGES.replace('"64"', '"65"'), "has 64x48 pixels but '.*' says 65x48")):
        with pytest.raises(UserError, match=message):
            check_dataset_cfg(write(images))
    with pytest.raises(UserError, match=r"none\.xml' cannot be read"):
        check_dataset_cfg(write(ann_file='none.xml'))


def test_other_encodings(write: Callable, tmp_path: Path) -> None:
    cfg = write(IMAGES.replace('hair', '划痕'), metainfo=dict(classes=('划痕', 'metal')))
    text = (tmp_path / 'train.xml').read_text('utf-8')
    expected = DATASETS.build(cfg).get_data_info(0)['instances']
    for name, data in (('gb2312', text.replace('utf-8', 'gb2312').encode('gb2312')), ('mark', text.encode('utf-8-sig')),
                       ('utf-16', text.replace('utf-8', 'utf-16').encode('utf-16'))):
        (tmp_path / 'train.xml').write_bytes(data)
        assert DATASETS.build(cfg).get_data_info(0)['instances'] == expected, name


def test_a_box_twice_and_labels_without_a_class_are_told(write: Callable) -> None:
    box = '<box label="hair" xtl="4.5" ytl="5" xbr="24.5" ybr="15"/>'
    turned = '<polygon label="hair" points="4.5,5;24.5,5;24.5,15;4.5,15"/>'  # another shape of the same box
    config = shape_cfg(write, f'{box}\n{box.replace("hair", "metal")}\n{box}\n{turned}')
    (text, ) = (text for text in check_dataset_cfg(config) if 'repeat another' in text)
    assert "2 labels repeat another of their image, of the same place and class (the box in line 11 of 'a.png', the " \
           "polygon in line 12 of 'a.png')" in text
    config = dict(shape_cfg(write, box), metainfo=dict(classes=('hair', )))
    told = check_dataset_cfg(config)
    assert any("categories ('metal',) are not among the classes of metainfo" in text for text in told)
