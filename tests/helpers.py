"""What the tests share: tiny detectors, batches, data sets and runs, and the way to the tools and the real data."""
from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config, ConfigDict
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import Tensor, nn

import fdrd  # noqa: F401 (registers the components and supplies mmcv's operators)
from mminspect.experiments import jobs

ROOT = Path(__file__).resolve().parents[1]
STRIDES = [8, 16, 32, 64, 128]
SIZE = (64, 96)  # gives maps of 8x12, 4x6, 2x3, 1x2 and 1x1
LEVELS = [(8, 12), (4, 6), (2, 3), (1, 2), (1, 1)]
ANCHORS = dict(type='AnchorGenerator', ratios=[1.0], octave_base_scale=8, scales_per_octave=1, strides=STRIDES)
FOCAL = dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0)


def load_tool(name: str) -> ModuleType:
    """The script ``tools/<name>.py`` as a new module."""
    spec = importlib.util.spec_from_file_location(f"tool_{name.replace('/', '_')}", ROOT / 'tools' / f'{name}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def replace_tools(monkeypatch: pytest.MonkeyPatch, root: Path, train: str, test: str) -> Path:
    """Have jobs run these two texts as tools/train.py and tools/test.py; returns the folder they are in."""
    folder = root / 'tools'
    folder.mkdir()
    (folder / 'train.py').write_text(train)
    (folder / 'test.py').write_text(test)
    monkeypatch.setattr(jobs, 'ROOT', root)
    return folder


def shared(path: str) -> Path:
    """A file or folder of the real data and weights; the test is skipped where it is absent."""
    found = Path(os.environ.get('MMINSPECT_SHARED', ROOT.parent / 'shared')) / path
    if not found.exists():
        pytest.skip(f'needs {found}: set MMINSPECT_SHARED to the folder that holds {path}')
    return found


def content(folder: Path) -> dict[str, str]:
    """Hash of every file by its path below ``folder``."""
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob('*')) if path.is_file()}


def evaluators(cfg: Config) -> list[str]:
    """Types of the metrics of validation."""
    return [metric.type for metric in ([cfg.val_evaluator] if isinstance(cfg.val_evaluator, dict)
                                       else cfg.val_evaluator)]


def coder(*stds: float) -> dict:
    return dict(type='DeltaXYWHBBoxCoder', target_means=[0.0] * 4, target_stds=list(stds))


HEADS: dict[str, dict] = dict(
    GFL=dict(
        type='GFLHead', anchor_generator=ANCHORS, reg_max=16, norm_cfg=dict(type='GN', num_groups=8),
        loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
        loss_dfl=dict(type='DistributionFocalLoss', loss_weight=0.25),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0)),
    ATSS=dict(
        type='ATSSHead', anchor_generator=ANCHORS, norm_cfg=dict(type='GN', num_groups=8), loss_cls=FOCAL,
        bbox_coder=coder(0.1, 0.1, 0.2, 0.2), loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
        loss_centerness=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)),
    RetinaNet=dict(
        type='RetinaHead', anchor_generator=dict(ANCHORS, octave_base_scale=4, scales_per_octave=3,
                                                 ratios=[0.5, 1.0, 2.0]),
        bbox_coder=coder(1.0, 1.0, 1.0, 1.0), loss_cls=FOCAL, loss_bbox=dict(type='L1Loss', loss_weight=1.0)),
)
ATSS_TRAIN = dict(assigner=dict(type='ATSSAssigner', topk=9), allowed_border=-1, pos_weight=-1, debug=False)
RETINA_TRAIN = dict(
    assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0, ignore_iof_thr=-1),
    sampler=dict(type='PseudoSampler'), allowed_border=-1, pos_weight=-1, debug=False)
IOU_KD = dict(type='CrossHeadKD', loss_reg=dict(type='GIoULoss', loss_weight=1.0))
KD = dict(GFL=dict(type='CrossHeadKD'), ATSS=IOU_KD, RetinaNet=IOU_KD)


def detector_cfg(kind: str = 'GFL', width: int = 32, classes: int = 2, **head: Any) -> dict:
    """A detector with ResNet-18 of base width 8, an FPN and a head of ``width`` channels."""
    return dict(
        type=kind,
        data_preprocessor=dict(type='DetDataPreprocessor', mean=[120.0, 115.0, 105.0], std=[58.0, 57.0, 57.5],
                               bgr_to_rgb=True, pad_size_divisor=32),
        backbone=dict(type='ResNet', depth=18, base_channels=8, num_stages=4, out_indices=(0, 1, 2, 3),
                      norm_cfg=dict(type='BN', requires_grad=True), norm_eval=True, style='pytorch'),
        neck=dict(type='FPN', in_channels=[8, 16, 32, 64], out_channels=width, start_level=1,
                  add_extra_convs='on_output', num_outs=5),
        bbox_head={**HEADS[kind], **dict(num_classes=classes, in_channels=width, feat_channels=width, stacked_convs=4),
                   **head},
        train_cfg=RETINA_TRAIN if kind == 'RetinaNet' else ATSS_TRAIN,
        test_cfg=dict(nms_pre=1000, min_bbox_size=0, score_thr=0.05, nms=dict(type='nms', iou_threshold=0.6),
                      max_per_img=100))


def distilled_cfg(kind: str = 'GFL', distillers: list[dict] | None = None, teacher: dict | str | None = None,
                  ckpt: str | Path | None = None, **student: Any) -> dict:
    """A distilled detector of ``detector_cfg(kind, **student)``; its teacher is a plain twin unless given."""
    teacher = dict(model=detector_cfg(kind)) if teacher is None else teacher
    model = detector_cfg(kind, **student)
    return dict(model, type='DistilledDetector', teacher_config=teacher,
                data_preprocessor=dict(model['data_preprocessor'], type='DualViewDetDataPreprocessor'),
                teacher_ckpt=None if ckpt is None else str(ckpt),
                distillers=[KD[kind]] if distillers is None else distillers)


def build(cfg: dict, seed: int = 0) -> nn.Module:
    """``cfg`` built, initialised and shaken from ``seed``."""
    init_default_scope('mmdet')
    torch.manual_seed(seed)
    model = MODELS.build(ConfigDict(cfg))
    init_quietly(model)
    if hasattr(model, 'teacher_slot'):
        shake(model.teacher, seed + 1)
    return shake(model, seed).train()  # the call, not the flag, puts the backbone's norms in eval mode


def build_head(kind: str = 'GFL', seed: int = 0, width: int = 32, **head: Any) -> nn.Module:
    """The head of :func:`detector_cfg` alone, shaken, with another scale on every level."""
    init_default_scope('mmdet')
    cfg = detector_cfg(kind, width, **head)
    torch.manual_seed(seed)
    built = MODELS.build(ConfigDict(cfg['bbox_head'], train_cfg=cfg['train_cfg'], test_cfg=cfg['test_cfg']))
    shake(built, seed)
    with torch.no_grad():
        for level, scale in enumerate(getattr(built, 'scales', [])):
            scale.scale.fill_(1 + 0.1 * level)
    return built


def features(seed: int = 0, width: int = 32, count: int = 2) -> tuple[Tensor, ...]:
    """Random neck outputs of a 64x96 image."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(count, width, *size, generator=generator) for size in LEVELS)


def init_quietly(model: nn.Module) -> None:
    """``init_weights`` without mmengine's four lines of log for every parameter."""
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        model.init_weights()
    finally:
        logger.setLevel(level)


def shake(module: nn.Module, seed: int, scale: float = 0.05) -> nn.Module:
    """Add normal noise to every parameter: fresh heads predict the same everywhere, which hides mistakes."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += scale * torch.randn(parameter.shape, generator=generator)
    return module


def save_checkpoint(model: nn.Module, path: Path) -> Path:
    """The weights of ``model`` as a file that the project's loader reads."""
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


def batch(count: int = 2, boxes: int | None = 2, classes: int = 2, seed: int = 0,
          size: tuple[int, int] = SIZE) -> tuple[Tensor, list[DetDataSample]]:
    """Normalised images (count, 3, H, W) and their labels; ``boxes=None`` gives images without objects."""
    generator = torch.Generator().manual_seed(seed)
    samples = []
    for _ in range(count):
        corner = torch.rand(boxes or 0, 2, generator=generator) * torch.tensor([size[1] - 44.0, size[0] - 44.0])
        extent = 12 + torch.rand(boxes or 0, 2, generator=generator) * 30
        labels = torch.randint(0, classes, (boxes or 0, ), generator=generator)
        sample = DetDataSample(metainfo=dict(img_shape=size, pad_shape=size, ori_shape=size, batch_input_shape=size,
                                             scale_factor=(1.0, 1.0), img_id=len(samples)))
        sample.gt_instances = InstanceData(bboxes=torch.cat([corner, corner + extent], dim=1), labels=labels)
        sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
        samples.append(sample)
    return torch.randn(count, 3, *size, generator=generator), samples


def total(losses: dict, only: Callable[[str], bool] = lambda name: 'loss' in name) -> Tensor:
    """Sum of the losses whose names ``only`` accepts, whether they are scalars or lists."""
    return sum(sum(v) if isinstance(v, list) else v for k, v in losses.items() if only(k))


def write_coco(folder: Path, count: int = 6, size: tuple[int, int] = SIZE, classes: tuple[str, ...] = ('a', 'b'),
               seed: int = 0) -> Path:
    """Random images with one bright box each, and ``train.json``; returns the annotation file."""
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    (folder / 'images').mkdir(parents=True, exist_ok=True)
    for i in range(1, count + 1):
        picture = rng.integers(0, 120, (*size, 3), dtype=np.uint8)
        x, y, w, h = (int(v) for v in (rng.integers(0, 50), rng.integers(0, 30), *rng.integers(10, 30, 2)))
        picture[y:y + h, x:x + w] = 230
        cv2.imwrite(str(folder / 'images' / f'{i}.png'), picture)
        images.append(dict(id=i, file_name=f'{i}.png', height=size[0], width=size[1]))
        annotations.append(dict(id=i, image_id=i, category_id=i % len(classes) + 1, bbox=[x, y, w, h], area=w * h,
                                iscrowd=0))
    categories = [dict(id=i, name=name) for i, name in enumerate(classes, start=1)]
    path = folder / 'train.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return path


def runner_cfg(work_dir: Path, ann_file: Path, model: dict, epochs: int = 2, workers: int = 0, **more: Any) -> Config:
    """Config of a run of two iterations an epoch; ``more`` overrides top-level entries."""
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True),
                dict(type='RandomFlip', prob=0.5), dict(type='StudentNoise'), dict(type='PackDualViewInputs')]
    cfg = dict(
        default_scope='mmdet', work_dir=str(work_dir), model=model, launcher='none', log_level='ERROR',
        experiment_name=uuid.uuid4().hex, randomness=dict(seed=0),
        train_dataloader=dict(
            batch_size=3, num_workers=workers, persistent_workers=False, worker_init_fn=dict(type='seed_worker'),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(type='CocoDataset', ann_file=str(ann_file), metainfo=dict(classes=('a', 'b')),
                         data_prefix=dict(img=str(ann_file.parent / 'images')), pipeline=pipeline)),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=epochs, val_interval=1000),
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4)),
        param_scheduler=[dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=3)],
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, backend_args=dict(backend='atomic')),
                           sampler_seed=dict(type='DistSamplerSeedHook'), logger=dict(type='LoggerHook', interval=1)),
        custom_hooks=[dict(type='mmengine.EpochSeedHook'), dict(type='mmengine.DistillationStateHook')],
        visualizer=dict(type='Visualizer', vis_backends=[], name=uuid.uuid4().hex),
        env_cfg=dict(cudnn_benchmark=False, mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
                     dist_cfg=dict(backend='gloo')))
    return Config({**cfg, **more})
