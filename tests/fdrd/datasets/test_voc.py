from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.datasets import XMLDataset
from mmdet.evaluation import CocoMetric
from mmdet.registry import DATASETS
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from fdrd.datasets import InspectionVOCDataset
from mminspect.core.errors import UserError

METAINFO = dict(classes=('hair', 'metal'))
STEPS = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(128, 96), keep_ratio=True),
         dict(type='LoadAnnotations', with_bbox=True)]
META_KEYS = ('img_id', 'ori_shape', 'img_shape', 'scale_factor', 'instances')


@pytest.fixture(autouse=True)
def mmdet_scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def build(root: Path, split: str = 'train', **options: object) -> InspectionVOCDataset:
    """Without serialisation, which collects garbage for seconds."""
    return DATASETS.build(dict(dict(type='InspectionVOCDataset', data_root=str(root), metainfo=METAINFO,
                                    ann_file=f'ImageSets/Main/{split}.txt', serialize_data=False), **options))


def test_any_suffix_is_read_with_boxes_and_flags(voc_root: Path) -> None:
    dataset = build(voc_root)
    first, second = dataset.get_data_info(0), dataset.get_data_info(1)
    assert [Path(info['img_path']).name for info in (first, second)] == ['a.png', 'b.jpg']
    assert (first['width'], first['height'], first['img_id']) == (64, 48, 'a')
    assert first['instances'] == [
        dict(bbox=[4, 5, 24, 15], bbox_label=0, ignore_flag=0),
        dict(bbox=[30, 20, 35, 26], bbox_label=1, ignore_flag=1)]
    assert build(voc_root, coordinate_offset=0).get_data_info(1)['instances'][0]['bbox'] == [1, 1, 64, 48]


def test_boxes_agree_with_the_stock_dataset(voc_root: Path) -> None:
    """Where the stock data set can read the data at all: with .jpg images, labels and boxes are the same."""
    (voc_root / 'JPEGImages' / 'a.png').rename(voc_root / 'JPEGImages' / 'a.jpg')
    stock = XMLDataset(data_root=str(voc_root), ann_file='ImageSets/Main/train.txt', metainfo=METAINFO,
                       data_prefix=dict(sub_data_root=''), serialize_data=False)
    ours = build(voc_root)
    assert len(stock) == len(ours) == 2
    for index in range(2):
        a, b = stock.get_data_info(index), ours.get_data_info(index)
        assert a['instances'] == b['instances']
        assert (a['width'], a['height'], a['img_id']) == (b['width'], b['height'], b['img_id'])
        assert Path(a['img_path']) == Path(b['img_path'])


def test_size_comes_from_the_image_where_the_xml_has_none(voc_root: Path, write_xml: Callable) -> None:
    write_xml(voc_root / 'Annotations' / 'b.xml', [('hair', 2, 2, 9, 9)], size=None)
    info = build(voc_root).get_data_info(1)
    assert (info['width'], info['height']) == (64, 48)


def test_unknown_class_is_an_error(voc_root: Path) -> None:
    with pytest.raises(UserError, match=r"a.xml' has an object of class 'metal'.*not one of the classes \('hair',\)"):
        build(voc_root, metainfo=dict(classes=('hair',)))


def test_image_or_annotation_missing(voc_root: Path) -> None:
    (voc_root / 'JPEGImages' / 'b.jpg').unlink()
    with pytest.raises(UserError, match=r"no image for '.*b.xml' in '.*JPEGImages'"):
        build(voc_root)
    (voc_root / 'Annotations' / 'b.xml').unlink()
    with pytest.raises(UserError, match=r"b.xml' does not exist"):
        build(voc_root)


def test_bbox_min_size_is_refused(voc_root: Path) -> None:
    with pytest.raises(UserError, match='bbox_min_size'):
        build(voc_root, filter_cfg=dict(filter_empty_gt=False, bbox_min_size=32))


def test_empty_images_stay_unless_filtered(voc_root: Path) -> None:
    assert len(build(voc_root, 'val', filter_cfg=dict(filter_empty_gt=False))) == 2
    assert len(build(voc_root, 'val', filter_cfg=dict(filter_empty_gt=True))) == 1


def test_image_without_objects_goes_through_the_pipeline(voc_root: Path) -> None:
    sample = build(voc_root, 'val', pipeline=[*STEPS, dict(type='PackDetInputs', meta_keys=META_KEYS)])[0]
    assert sample['inputs'].shape == (3, 96, 128)
    assert sample['data_samples'].gt_instances.bboxes.shape == (0, 4)


def test_coco_metric_without_annotation_file(voc_root: Path) -> None:
    """Perfect predictions score 1, and a miss of the difficult object costs nothing."""
    pack = dict(type='PackDetInputs', meta_keys=META_KEYS)
    dataset = build(voc_root, test_mode=True, pipeline=[*STEPS, pack])
    metric = CocoMetric(metric='bbox')
    metric.dataset_meta = dataset.metainfo
    for sample in map(dataset.__getitem__, range(2)):
        wanted = [i for i in sample['data_samples'].instances if not i['ignore_flag']]
        sample['data_samples'].pred_instances = InstanceData(
            bboxes=torch.tensor([i['bbox'] for i in wanted]), scores=torch.ones(len(wanted)),
            labels=torch.tensor([i['bbox_label'] for i in wanted]))
        metric.process({}, [sample['data_samples'].to_dict()])
    result = metric.evaluate(size=2)
    assert result['coco/bbox_mAP'] == 1.0


def test_real_data_from_zero(deeppcb: Path) -> None:
    classes = ('open', 'short', 'mousebite', 'spur', 'copper', 'pin_hole')
    dataset = build(deeppcb, 'val', metainfo=dict(classes=classes), coordinate_offset=0)
    boxes = np.array([i['bbox'] for n in range(len(dataset)) for i in dataset.get_data_info(n)['instances']])
    assert len(dataset) == 200
    assert boxes.shape == (1262, 4)
    assert boxes.min() >= 0
    assert boxes.max() <= 640
