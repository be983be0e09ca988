"""What a detection data set gives, in every format, and how large it reaches the network."""
from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from mmdet.datasets import BaseDetDataset
from mmdet.registry import TRANSFORMS

from fdrd.datasets.survey import list_detection_images, resize_factors
from helpers import write_coco
from mminspect.core.errors import UserError
from mminspect.vision.folders import HIDDEN, SYSTEM
from survey_helpers import coco_set, save, scene


def coco_cfg(path: Path, **more: object) -> dict:
    return dict(dict(type='CocoDataset', ann_file=str(path), metainfo=dict(classes=('hair', )),
                     data_prefix=dict(img=str(path.with_suffix(''))), pipeline=[dict(type='LoadInspectionImage')]),
                **more)


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    pictures = {f'{number}.png': scene(number, 96) for number in range(3)}
    return coco_set(tmp_path, 'train', pictures, {'0.png': [[1, 2, 30, 40], [5, 5, 10, 10]], '2.png': [[0, 0, 9, 9]]})


def test_images_boxes_and_sizes(annotations: Path) -> None:
    (listing, ) = list_detection_images(coco_cfg(annotations))
    assert [Path(item.path).name for item in listing.items] == ['0.png', '1.png', '2.png']
    box = listing.items[0].boxes[0]
    assert (box.category, box.x, box.y, box.width, box.height) == ('hair', 1, 2, 30, 40)
    assert [len(item.boxes) for item in listing.items] == [2, 0, 1] and listing.items[0].size == (96, 96)
    assert [item.defective for item in listing.items] == [True, False, True]
    assert listing.classes == ('hair', ) and listing.left_out == listing.objects_left_out == {}


def test_an_image_whose_objects_are_all_left_out_is_neither_good_nor_defective(annotations: Path) -> None:
    content = json.loads(annotations.read_text())
    first, second, third = content['annotations']
    third['bbox'][2] = -9  # dropped, the only one of its image
    second['iscrowd'] = 1
    annotations.write_text(json.dumps(content))
    (listing, ) = list_detection_images(coco_cfg(annotations))
    assert [(len(item.boxes), item.defective) for item in listing.items] == [(1, True), (0, False), (0, None)]
    first['iscrowd'] = 1
    annotations.write_text(json.dumps(content))
    (listing, ) = list_detection_images(coco_cfg(annotations, metainfo=dict(classes=('hair', ))))
    assert [item.defective for item in listing.items] == [None, False, None]


def test_what_a_filter_leaves_out_is_counted(annotations: Path) -> None:
    (listing, ) = list_detection_images(coco_cfg(annotations, filter_cfg=dict(filter_empty_gt=True)))
    assert len(listing.items) == 2 and listing.left_out == {'without an object, by filter_empty_gt': 1}
    (listing, ) = list_detection_images(coco_cfg(annotations, filter_cfg=dict(filter_empty_gt=True), test_mode=True))
    assert len(listing.items) == 3


def test_images_that_are_too_small_are_counted(annotations: Path) -> None:
    (listing, ) = list_detection_images(coco_cfg(annotations, filter_cfg=dict(min_size=97)))
    assert listing.items == [] and listing.left_out == {'smaller than min_size=97 of filter_cfg': 3}


def test_of_a_format_that_no_reader_knows_the_filter_is_counted(annotations: Path) -> None:
    class Others(BaseDetDataset):
        METAINFO: ClassVar = dict(classes=('hair', ))

        def load_data_list(self) -> list[dict]:
            box = dict(bbox=[1, 2, 3, 4], bbox_label=0, ignore_flag=0)
            return [dict(img_path=name, instances=[box]) for name in ('a.png', 'b.png', 'c.png')]

        def filter_data(self) -> list[dict]:
            return self.data_list[:1]

    (listing, ) = list_detection_images(dict(type=Others))
    assert [item.path for item in listing.items] == ['a.png'] and listing.left_out == {'left out by filter_cfg': 2}


def test_what_the_walk_over_folders_left_out_is_counted(tmp_path: Path) -> None:
    for name in ('a.png', '.b.png', '@eaDir/c.png'):
        save(scene(0, 32), tmp_path / 'images' / name)
    (tmp_path / 'labels').mkdir()
    (tmp_path / 'labels' / 'a.txt').write_text('0 .5 .5 .5 .5')
    (tmp_path / 'data.yaml').write_text('train: images\nnames: [hair]')
    (listing, ) = list_detection_images(dict(type='InspectionYOLODataset', data_root=str(tmp_path),
                                             metainfo=dict(classes=('hair', )), pipeline=[]))
    assert listing.left_out == {HIDDEN: 1, SYSTEM: 1} and [len(item.boxes) for item in listing.items] == [1]


def test_crowds_are_counted_and_not_listed(annotations: Path) -> None:
    annotations.write_text(annotations.read_text().replace('"iscrowd": 0', '"iscrowd": 1', 1))
    (listing, ) = list_detection_images(coco_cfg(annotations))
    assert listing.objects_left_out == {'marked as crowd': 1} and len(listing.items[0].boxes) == 1


def test_what_a_data_set_drops_is_counted_by_reason(annotations: Path) -> None:
    content = json.loads(annotations.read_text())
    content['annotations'][0]['bbox'][2] = 0.4
    annotations.write_text(json.dumps(content))
    (listing, ) = list_detection_images(coco_cfg(annotations))
    assert listing.objects_left_out == {'with a side below 1 px': 1}


def test_wrappers_and_data_sets_of_others(annotations: Path) -> None:
    one = coco_cfg(annotations)
    assert len(list_detection_images(dict(type='ConcatDataset', datasets=[one, one]))) == 2
    assert len(list_detection_images(dict(type='RepeatDataset', times=3, dataset=one))) == 1
    assert list_detection_images(dict(type='FolderDataset', data_root='x')) == []


def test_of_tiles_the_images_are_listed(annotations: Path) -> None:
    steps = [dict(type='LoadTile'), dict(type='Resize', scale=(64, 64), keep_ratio=True)]
    (listing, ) = list_detection_images(coco_cfg(annotations, type='TiledCocoDataset', tile=32, overlap=8,
                                                 pipeline=steps))
    assert len(listing.items) == 3 and listing.items[0].boxes[0].width == 30
    assert listing.factors((96, 96)) == (2, 2)


def test_what_cannot_be_listed_is_one_sentence(tmp_path: Path) -> None:
    broken = write_coco(tmp_path)
    broken.write_text('{"images": 3}')
    with pytest.raises(UserError, match='cannot be listed'):
        list_detection_images(coco_cfg(broken))


@pytest.mark.parametrize('step', [
    dict(type='Resize', scale=(300, 200), keep_ratio=True), dict(type='Resize', scale=(300, 200), keep_ratio=False),
    dict(type='mmdet.Resize', scale=(300, 200)), dict(type='Resize', scale_factor=0.5),
    dict(type='Resize', scale_factor=(0.5, 0.25)), dict(type='RandomFlip', prob=0.0)])
@pytest.mark.parametrize('size', [(400, 100), (123, 457), (50, 60)])
def test_factors_are_those_of_the_transform(step: dict, size: tuple[int, int]) -> None:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    made = TRANSFORMS.build(dict(step))(dict(img=picture, img_shape=picture.shape[:2]))['img']
    assert resize_factors([step], None, size) == pytest.approx((made.shape[1] / size[0], made.shape[0] / size[1]))


def test_of_a_random_choice_the_smallest_counts() -> None:
    choice = dict(type='RandomChoiceResize', scales=[(400, 400), (200, 200)], keep_ratio=True)
    assert resize_factors([choice], None, (400, 400)) == (0.5, 0.5)
    ranged = dict(type='RandomResize', scale=(400, 400), ratio_range=(0.25, 2.0), keep_ratio=True)
    assert resize_factors([ranged], None, (400, 400)) == (0.25, 0.25)
    listed = dict(type='RandomResize', scale=[(400, 400), (100, 100)], keep_ratio=True)
    assert resize_factors([listed], None, (400, 400)) == (0.25, 0.25)
