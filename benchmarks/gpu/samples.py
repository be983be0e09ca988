"""Noise images with ground truth, as the data preprocessor of a detector or of an anomaly model takes them."""
from __future__ import annotations

from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from torch import nn

from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import VIEW, AnomalyModel

#: Boxes (x1, y1, x2, y2) in pixels of the first image of a batch; the others have none.
BOXES = ((10, 10, 40, 42), (100, 80, 130, 111), (200, 150, 226, 174))


def batch(model: nn.Module, shape: tuple[int, int], count: int = 2) -> dict[str, Any]:
    """``count`` uint8 images (3, H, W) with their samples, and the further views that the model trains on.

    Args:
        model: An anomaly model or a detector of mmdet.
        shape: (H, W) in pixels, of detectors large enough for :data:`BOXES`.
        count: Number of images; the first of a detector's has objects, the first of an anomaly model's a defect.
    """
    images = [torch.randint(0, 256, (3, *shape), dtype=torch.uint8) for _ in range(count)]
    sample = anomaly_sample if isinstance(model, AnomalyModel) else detection_sample
    views = {f'{VIEW}{name}': list(images) for name in getattr(model, 'views', ())}
    return dict(inputs=images, data_samples=[sample(shape, number == 0, number) for number in range(count)], **views)


def detection_sample(shape: tuple[int, int], with_objects: bool = False, number: int = 0) -> DetDataSample:
    """Of an image (H, W) that was not resized, the ``number``-th of its set."""
    sample = DetDataSample(metainfo=dict(img_id=number, img_shape=shape, ori_shape=shape, pad_shape=shape,
                                         batch_input_shape=shape, scale_factor=(1.0, 1.0)))
    boxes = torch.tensor(BOXES if with_objects else (), dtype=torch.float32).reshape(-1, 4)
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))
    return sample


def anomaly_sample(shape: tuple[int, int], with_defect: bool = False, number: int = 0) -> AnomalyDataSample:
    """Of an image (H, W), the ``number``-th of its set; a defect covers its upper left sixteenth."""
    mask = torch.zeros(shape, dtype=torch.uint8)
    mask[:shape[0] // 4, :shape[1] // 4] = with_defect
    sample = AnomalyDataSample(metainfo=dict(img_shape=shape, ori_shape=shape, sample_idx=number, img_path=''))
    sample.gt_label, sample.gt_mask, sample.synthetic_mask = torch.tensor(int(with_defect)), mask, mask.clone()
    return sample
