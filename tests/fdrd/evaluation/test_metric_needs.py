"""What COCO's metrics need, and the names of what they give, against what they do give."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

import helpers
from fdrd.evaluation import InspectionCocoMetric
from fdrd.evaluation.metric_needs import check_boxes_given, check_masks_given, coco_values
from mminspect import runtime
from mminspect.core.errors import UserError

PACK = dict(type='PackDetInputs', meta_keys=('img_id', 'ori_shape'))


def dataset(*steps: dict) -> dict:
    return dict(type='RepeatDataset', times=1, dataset=dict(type='CocoDataset', pipeline=[dict(type='A'), *steps]))


@pytest.mark.parametrize('kind', ['InspectionCocoMetric', 'mmdet.CocoMetric'])
def test_boxes_come_from_a_file_or_with_the_images(kind: str) -> None:
    for step in (PACK, dict(type='mmdet.PackDetInputs')):
        with pytest.raises(UserError, match=r"val_evaluator has no ann_file, .* add 'instances' to the meta_keys"):
            check_boxes_given(dict(type=kind, ann_file=None), dataset(step), 'val_evaluator')
    check_boxes_given(dict(type=kind), dataset(dict(PACK, meta_keys=('img_id', 'instances'))), 'val_evaluator')
    check_boxes_given(dict(type=kind, ann_file='a.json'), dataset(PACK), 'val_evaluator')
    check_boxes_given(dict(type='VOCMetric'), dataset(PACK), 'val_evaluator')


@pytest.mark.parametrize('metric', ['segm', ['bbox', 'segm'], ('segm', )])
def test_masks_come_from_a_model_that_segments(metric: object) -> None:
    def check(model: dict) -> None:
        cfg = Config(dict(model=model, val_evaluator=dict(type='InspectionCocoMetric', metric=metric)))
        assert check_masks_given(cfg, 'val_dataloader', {}) == []
        check_masks_given(cfg, 'test_dataloader', {})  # has no evaluator

    with pytest.raises(UserError, match=r"val_evaluator\.metric .*segm.* the model GFL gives boxes without masks"):
        check(dict(type='GFL', bbox_head=dict(type='GFLHead', num_classes=2)))
    for model in (dict(type='MaskRCNN'), dict(type='X', roi_head=dict(mask_head=dict(type='Y'))), dict(type='SOLOv2'),
                  dict(type='RTMDet', bbox_head=dict(type='RTMDetInsSepBNHead')), dict(type='CondInst')):
        check(model)


def values(path: Path, **options: object) -> dict:
    """Of a metric that has seen the boxes of a file found."""
    data = json.loads(path.read_text())
    metric = InspectionCocoMetric(str(path), **options)
    metric.dataset_meta = dict(classes=tuple(category['name'] for category in data['categories']))
    for image in data['images']:
        boxes = [one['bbox'] for one in data['annotations'] if one['image_id'] == image['id']]
        found = torch.tensor([[x, y, x + w, y + h] for x, y, w, h in boxes], dtype=torch.float32).reshape(-1, 4)
        metric.process(None, [dict(img_id=image['id'], ori_shape=(image['height'], image['width']), pred_instances=dict(
            bboxes=found, scores=torch.ones(len(found)), labels=torch.zeros(len(found), dtype=torch.int64)))])
    return metric.evaluate(len(data['images']))


@pytest.mark.parametrize(('options', 'count'), [({}, 10), (dict(size_bins=None), 6), (dict(size_bins=(10, 20)), 8),
                                                 (dict(metric_items=['mAP_m']), 5), (dict(prefix='mine'), 10)])
def test_names_are_those_of_the_values(options: dict, count: int, tmp_path: Path) -> None:
    """A value without ground truth is left out, all others have one of the names."""
    found = {name for name in values(helpers.write_coco(tmp_path), **options) if 'copypaste' not in name}
    known = coco_values(dict(type='InspectionCocoMetric', **options))
    assert found and found <= set(known) and len(set(known)) == len(known) == count


def test_names_that_nobody_knows() -> None:
    for metric in (dict(type='VOCMetric'), dict(type='CocoMetric', classwise=True),
                   dict(type='CocoMetric', metric='proposal'), dict(type='InspectionCocoMetric', format_only=True)):
        assert coco_values(metric) is None
    assert coco_values(dict(type='mmdet.CocoMetric', metric=['bbox', 'segm'], metric_items=['mAP'])) == [
        'coco/bbox_mAP', 'coco/segm_mAP']


def test_they_are_asked_before_a_run(tmp_path: Path) -> None:
    path = helpers.write_coco(tmp_path)
    data = dict(type='CocoDataset', ann_file=str(path), metainfo=dict(classes=('a', 'b')), test_mode=True,
                data_prefix=dict(img=str(tmp_path / 'images')), pipeline=[dict(type='LoadInspectionImage'), PACK])
    cfg = Config(dict(model=helpers.detector_cfg(), val_dataloader=dict(batch_size=1, num_workers=0, dataset=data),
                      default_scope='mmdet', val_evaluator=dict(type='InspectionCocoMetric', ann_file=str(path)),
                      default_hooks=dict(checkpoint=dict(type='CheckpointHook', save_best='coco/bbox_mAP_5O'))))
    with pytest.raises(UserError, match='did you mean coco/bbox_mAP_75 or coco/bbox_mAP_50'):
        runtime.check_data(cfg, ('val_dataloader', ))
    cfg.val_evaluator.ann_file = None
    with pytest.raises(UserError, match='val_evaluator has no ann_file'):
        runtime.check_data(cfg, ('val_dataloader', ))
    cfg.val_evaluator.update(ann_file=str(path), metric='segm')
    with pytest.raises(UserError, match='gives boxes without masks'):
        runtime.check_data(cfg, ('val_dataloader', ))
