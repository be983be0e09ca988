"""Every config in configs/ is built and takes one training step and one prediction on two small images."""
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, init_default_scope

import fdrd  # noqa: F401 (registers the components)

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted(p for p in (ROOT / 'configs' / 'fdrd').rglob('*.py') if '_base_' not in p.parts)
SCALE = (96, 64)


@pytest.fixture(scope='session')
def data_root(tmp_path_factory):
    """Two 96x64 images in COCO layout, one with an object of every class that any config has, one empty."""
    root = tmp_path_factory.mktemp('sweep')
    rng = np.random.default_rng(0)
    for name in ('a.png', 'b.png'):
        cv2.imwrite(str(root / name), rng.integers(0, 255, (SCALE[1], SCALE[0], 3), dtype=np.uint8))
    return root


def write_annotations(root, classes):
    images = [dict(id=i, file_name=f'{n}.png', width=SCALE[0], height=SCALE[1]) for i, n in enumerate('ab')]
    boxes = [dict(id=i + 1, image_id=0, category_id=i, bbox=[10 + i, 12, 20, 16], area=320, iscrowd=0)
             for i in range(len(classes))]
    path = root / f'{len(classes)}.json'
    path.write_text(json.dumps(dict(images=images, annotations=boxes,
                                    categories=[dict(id=i, name=n) for i, n in enumerate(classes)])))
    return path


def without_pretrained(cfg):
    """Take every reference to weights on disk or in the network out of a model config."""
    if isinstance(cfg, dict):
        for key, value in cfg.items():
            if key == 'init_cfg' and isinstance(value, dict) and value.get('type') == 'Pretrained':
                cfg[key] = None
            elif key == 'teacher_ckpt':
                cfg[key] = None
            else:
                without_pretrained(value)


def dataset_of(cfg, part, root):
    """The config's data set, on the two images and at their size."""
    dataset = cfg[part].dataset
    annotations = write_annotations(root, dataset.metainfo.classes)
    dataset.update(data_root='', ann_file=str(annotations), data_prefix=dict(img=str(root)))
    for transform in dataset.pipeline:
        if transform.type in ('Resize', 'RandomResize'):
            transform.scale = SCALE if transform.type == 'Resize' else [SCALE, SCALE]
    return DATASETS.build(dataset), annotations


@pytest.mark.parametrize('path', CONFIGS, ids=lambda p: str(p.relative_to(ROOT / 'configs').with_suffix('')))
def test_one_step_and_one_prediction(path, data_root):
    torch.manual_seed(0)
    init_default_scope('mmdet')
    MessageHub.get_current_instance().update_info('epoch', 0)  # TOOD chooses its assigner by it
    cfg = Config.fromfile(path)
    if 'timm' in cfg.pretty_text:
        pytest.importorskip('timm')
    without_pretrained(cfg.model)
    model = MODELS.build(cfg.model)
    train, _ = dataset_of(cfg, 'train_dataloader', data_root)
    test, annotations = dataset_of(cfg, 'test_dataloader', data_root)
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    for hook in cfg.custom_hooks:
        HOOKS.build(hook)

    before = {k: v.clone() for k, v in model.bbox_head.state_dict().items()} if hasattr(model, 'bbox_head') else {}
    losses = model.train().train_step(pseudo_collate([train[0], train[1]]), optim_wrapper)
    assert all(torch.isfinite(v).all() for v in losses.values()), losses
    assert losses['loss'] > 0
    changed = [k for k, v in before.items() if not torch.equal(v, model.bbox_head.state_dict()[k])]
    assert changed or not before

    cfg.test_evaluator.ann_file = str(annotations)
    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = test.metainfo
    for index in range(2):
        with torch.no_grad():
            predictions = model.eval().test_step(pseudo_collate([test[index]]))
        boxes = predictions[0].pred_instances.bboxes
        assert boxes.shape[1] == 4 and torch.isfinite(boxes).all()
        metric.process({}, [sample.to_dict() for sample in predictions])
    assert 'coco/bbox_mAP' in metric.evaluate(2)


def test_detectors_are_those_of_mmdet():
    """Our baselines are the models of mmdet's files, with one class, and nothing else of these files."""
    folder = ROOT / 'configs' / 'fdrd' / '_base_'
    from mmengine.hub import get_config
    for ours, theirs in (('atss_r50', 'atss/atss_r50_fpn_1x_coco'), ('tood_r50', 'tood/tood_r50_fpn_1x_coco'),
                         ('vfnet_r50', 'vfnet/vfnet_r50_fpn_1x_coco'), ('gfl_r50', 'gfl/gfl_r50_fpn_1x_coco'),
                         ('yolof_r50', 'yolof/yolof_r50-c5_8xb8-1x_coco'),
                         ('retinanet_r50', 'retinanet/retinanet_r50_fpn_1x_coco')):
        reference = get_config(f'mmdet::{theirs}.py').model
        reference.bbox_head.num_classes = 1
        if ours == 'retinanet_r50':
            reference.neck.add_extra_convs = 'on_output'  # as the heads that it is compared with
        reference._scope_ = 'mmdet'
        assert Config.fromfile(folder / f'{ours}.py').to_dict() == dict(model=reference.to_dict()), ours


def test_every_schedule_decays_to_its_end():
    """mmdet's `end=12` under a longer schedule would leave the learning rate constant."""
    for path in CONFIGS:
        cfg = Config.fromfile(path)
        last = cfg.param_scheduler[-1]
        assert last.end == cfg.train_cfg.max_epochs, path
        assert 'milestones' not in last or max(last.milestones) < last.end, path


def test_names_are_unique():
    """The default work dir is named after the config; two configs of one name would resume each other."""
    names = [path.stem for path in CONFIGS]
    assert len(names) == len(set(names))
