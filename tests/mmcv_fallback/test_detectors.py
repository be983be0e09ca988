"""mmdet's detectors train and predict on the operators in use."""

from collections import OrderedDict

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from mmengine.hub import get_config
from mmengine.logging import MessageHub
from mmengine.structures import InstanceData

HEIGHT, WIDTH, CLASSES = 96, 128, 3
CONFIGS = {
    'GFL': 'gfl/gfl_r50_fpn_1x_coco.py',
    'ATSS': 'atss/atss_r50_fpn_1x_coco.py',
    'YOLOF': 'yolof/yolof_r50-c5_8xb8-1x_coco.py',
    'VFNet': 'vfnet/vfnet_r50_fpn_1x_coco.py',
    'VFNet-DCNv2': 'vfnet/vfnet_r50-mdconv-c3-c5_fpn_ms-2x_coco.py',
    'TOOD': 'tood/tood_r50_fpn_1x_coco.py',
    'Faster R-CNN': 'faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py',
}


def build(path: str) -> torch.nn.Module:
    """Return the detector with random weights and three classes."""
    register_all_modules()
    config = get_config(f'mmdet::{path}').model
    config.backbone.init_cfg = None
    for head in (config.get('bbox_head'), config.get('roi_head', {}).get('bbox_head')):
        if head is not None:
            head.num_classes = CLASSES
    # Untrained scores are low: keep them, so that NMS has something to do.
    test = config.test_cfg.get('rcnn', config.test_cfg)
    test.score_thr = 0.0
    torch.manual_seed(0)
    return MODELS.build(config)


def sample() -> DetDataSample:
    """Return the annotation of one image with two objects, boxes in pixels."""
    data = DetDataSample()
    shape = (HEIGHT, WIDTH)
    data.set_metainfo(
        dict(
            img_shape=shape,
            ori_shape=shape,
            pad_shape=shape,
            batch_input_shape=shape,
            scale_factor=(1.0, 1.0),
        )
    )
    boxes = torch.tensor([[8.0, 8.0, 56.0, 72.0], [60.0, 30.0, 120.0, 90.0]])
    data.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor([0, 2]))
    return data


@pytest.fixture
def first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say what TOOD asks the runner for, without leaving it behind."""
    monkeypatch.setattr(MessageHub, '_instance_dict', OrderedDict())
    MessageHub.get_current_instance().update_info('epoch', 0)


@pytest.mark.usefixtures('first_epoch')
@pytest.mark.parametrize('name', CONFIGS)
def test_detector_trains_and_predicts(name: str) -> None:
    detector = build(CONFIGS[name])
    image = torch.randn(1, 3, HEIGHT, WIDTH)

    detector.train()
    total, _ = detector.parse_losses(detector.loss(image, [sample()]))
    total.backward()
    assert torch.isfinite(total) and total > 0
    gradients = {n: p.grad for n, p in detector.named_parameters() if p.grad is not None}
    assert all(gradient.isfinite().all() for gradient in gradients.values())
    # The head's convolutions all take part, deformable ones and those behind RoI Align included.
    silent = [n for n, g in gradients.items() if 'head' in n and 'weight' in n and not g.any()]
    assert silent == []

    detector.eval()
    with torch.no_grad():
        (result,) = detector.predict(image, [sample()])
    found = result.pred_instances
    assert len(found) > 0 and found.bboxes.shape == (len(found), 4)
    assert found.scores.isfinite().all() and int(found.labels.max()) < CLASSES
