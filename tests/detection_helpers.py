"""Tiny detectors of every family, and both ways to what they find on an image: mmdet's and the inspection's."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import nn

from helpers import ANCHORS, SIZE, STRIDES, build, detector_cfg
from mminspect.inspection.networks.detection import DetectionNetwork, detection_network
from mminspect.inspection.suppression import suppress
from mminspect.vision.boxes import ScoredBoxes

CLASSES = ('scratch', 'hole')
RESIZE = dict(type='Resize', scale=SIZE[::-1], keep_ratio=True)
NORM = dict(type='GN', num_groups=8)
TOOD_TRAIN = dict(initial_epoch=4, initial_assigner=dict(type='ATSSAssigner', topk=9),
                  assigner=dict(type='TaskAlignedAssigner', topk=13), alpha=1, beta=6)
#: The layers that give class scores: fresh ones score everything 1/100.
CLASSIFIERS = ('gfl_cls', 'atss_cls', 'retina_cls', 'vfnet_cls', 'tood_cls', 'cls_score')


def family_cfg(family: str) -> dict:
    """Model config of 'GFL', 'ATSS', 'RetinaNet', 'TOOD', 'VFNet', 'YOLOF' or 'semantic' (GFL behind SemanticFPN)."""
    cfg = detector_cfg(family if family in ('GFL', 'ATSS', 'RetinaNet') else 'GFL')
    if family == 'semantic':
        cfg['neck'] = dict(type='SemanticFPN', in_channels=[8, 16, 32, 64], out_channels=32, start_level=1, num_outs=5,
                           upsample_cfg=dict(type='SemanticUpsample', up_kernel=3), attention_cfg=dict(type='SE'))
    if family == 'TOOD':
        cfg.update(type='TOOD', train_cfg=TOOD_TRAIN, bbox_head=dict(
            type='TOODHead', num_classes=2, in_channels=32, feat_channels=32, stacked_convs=3, norm_cfg=NORM,
            anchor_generator=ANCHORS))
    if family == 'VFNet':
        cfg.update(type='VFNet', bbox_head=dict(
            type='VFNetHead', num_classes=2, in_channels=32, feat_channels=32, stacked_convs=2, norm_cfg=NORM,
            strides=STRIDES))
    if family == 'YOLOF':
        cfg.update(
            type='YOLOF', backbone=dict(cfg['backbone'], out_indices=(3, )),
            data_preprocessor=dict(cfg['data_preprocessor'], bgr_to_rgb=False),
            neck=dict(type='DilatedEncoder', in_channels=64, out_channels=32, block_mid_channels=8,
                      num_residual_blocks=2, block_dilations=[2, 4]),
            bbox_head=dict(
                type='YOLOFHead', num_classes=2, in_channels=32, reg_decoded_bbox=True,
                anchor_generator=dict(type='AnchorGenerator', ratios=[1.0], scales=[1, 2, 4, 8], strides=[32]),
                bbox_coder=dict(type='DeltaXYWHBBoxCoder', add_ctr_clamp=True, ctr_clamp=4)))
    cfg['test_cfg'] = dict(cfg['test_cfg'], nms_pre=40, score_thr=0.3, max_per_img=60)
    return cfg


def tiny_detector(family: str, **changes: Any) -> nn.Module:
    """A detector of this family that finds a lot, in eval mode; ``changes`` override entries of its config."""
    model = build({**family_cfg(family), **changes}).eval()
    layers = dict(model.bbox_head.named_modules())
    classifier = next(layers[name] for name in CLASSIFIERS if name in layers)
    with torch.no_grad():
        logits = []
        hook = classifier.register_forward_hook(lambda *call: logits.append(call[-1]))
        model.test_step(packed_batch(pictures(SIZE)))
        hook.remove()
        classifier.weight /= logits[0].std()  # logits of all sizes, so that scores fill 0..1 and no two are equal
        classifier.bias.zero_()
        if 'cls_prob_module' in layers:
            layers['cls_prob_module'][-1].bias.fill_(2.0)
        if 'gfl_reg' in layers:  # boxes of a few pixels, not larger than the image
            layers['gfl_reg'].bias += torch.arange(17.0).mul(-0.5).repeat(4)
        if 'vfnet_reg' in layers:
            layers['vfnet_reg'].bias -= 2
        if 'atss_reg' in layers:
            layers['atss_reg'].bias[2:] -= 5
    return model


def tiny_cfg(resize: dict = RESIZE, classes: tuple[str, ...] = CLASSES) -> Config:
    """The part of a detector's config that describes its test set."""
    pipeline = [dict(type='LoadImageFromFile'), resize, dict(type='PackDetInputs')]
    return Config(dict(test_dataloader=dict(
        dataset=dict(type='CocoDataset', metainfo=dict(classes=classes), pipeline=pipeline))))


def tiny_network(family: str) -> tuple[nn.Module, DetectionNetwork, dict]:
    """mmdet's model, the network made of it, and the network's fields."""
    model = tiny_detector(family)
    return (model, *detection_network(tiny_cfg(), model))


def pictures(*shapes: tuple[int, int]) -> list[np.ndarray]:
    """Images (h, w, 3), RGB, uint8."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (*shape, 3), dtype=np.uint8) for shape in shapes]


def packed(images: list[np.ndarray]) -> list[dict]:
    """The images behind mmdet's own test pipeline."""
    keys = ('img_shape', 'ori_shape', 'scale_factor')
    pipeline = Compose([RESIZE, dict(type='mmdet.PackDetInputs', meta_keys=keys)])
    bgr = [np.ascontiguousarray(image[..., ::-1]) for image in images]
    return [pipeline(dict(img=image, img_shape=image.shape[:2], ori_shape=image.shape[:2])) for image in bgr]


def packed_batch(images: list[np.ndarray]) -> dict:
    """The images as one batch of mmdet's, in which all are padded to the largest."""
    steps = packed(images)
    return {key: [step[key] for step in steps] for key in ('inputs', 'data_samples')}


def found_by_mmdet(model: nn.Module, images: list[np.ndarray]) -> list[InstanceData]:
    """mmdet's predictions on one batch."""
    with torch.no_grad():
        return [sample.pred_instances for sample in model.test_step(packed_batch(images))]


def network_input(images: list[np.ndarray], fields: dict) -> np.ndarray:
    """What the network takes: RGB of the input's size, padded with the colour that its fields name."""
    batch = np.empty((len(images), *fields['input_size'], 3), np.float32)
    batch[:] = fields['pad_rgb']
    for room, step in zip(batch, packed(images), strict=True):
        resized = step['inputs'].permute(1, 2, 0).numpy()[..., ::-1]
        room[:resized.shape[0], :resized.shape[1]] = resized
    return batch


def found_by_network(network: DetectionNetwork, fields: dict, images: list[np.ndarray]) -> list[ScoredBoxes]:
    """The same by the network and :func:`suppress`."""
    with torch.no_grad():
        boxes, scores = (out.numpy() for out in network(torch.from_numpy(network_input(images, fields))))
    metas = [step['data_samples'].metainfo for step in packed(images)]
    return [suppress(*outputs, fields['suppression'], meta['img_shape'][:2], meta['scale_factor'][::-1])
            for *outputs, meta in zip(boxes, scores, metas, strict=True)]


def assert_same(found: ScoredBoxes, expected: InstanceData) -> None:
    """Box by box: scores to 1e-3, corners to 1e-2 pixels."""
    np.testing.assert_array_equal(found.labels, expected.labels.numpy())
    np.testing.assert_allclose(found.scores, expected.scores.numpy(), atol=1e-3)
    np.testing.assert_allclose(found.boxes, expected.bboxes.numpy(), atol=1e-2)


def assert_same_in_onnx(family: str, folder: Path) -> None:
    """A family's network in ONNX's own operators gives the same boxes and scores for one and three images."""
    _, network, fields = tiny_network(family)
    images = torch.from_numpy(network_input(pictures((64, 96), (50, 96), (90, 100)), fields))
    path = str(folder / f'{family}.onnx')
    names = ['images', *fields['outputs']]
    with torch.no_grad():
        torch.onnx.export(network, (images[:2], ), path, dynamo=False, opset_version=17, input_names=names[:1],
                          output_names=names[1:], dynamic_axes={name: {0: 'N'} for name in names})
    graph = onnx.load(path)
    assert {node.domain for node in graph.graph.node} == {''} and [o.domain for o in graph.opset_import] == ['']
    session = onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])
    for count in (1, 3):
        with torch.no_grad():
            boxes, scores = network(images[:count])
        exported = session.run(names[1:], dict(images=images[:count].numpy()))
        np.testing.assert_allclose(exported[0], boxes.numpy(), atol=1e-2, rtol=0)
        np.testing.assert_allclose(exported[1], scores.numpy(), atol=1e-3, rtol=0)
