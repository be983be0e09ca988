"""Tiny models of every family as training leaves them: a checkpoint and its config."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_rd.registry import MODELS as ANOMALY_MODELS
from detection_helpers import CLASSES, family_cfg, tiny_detector
from helpers import ROOT, distilled_cfg, init_quietly
from inspection_helpers import calibration
from mminspect.decisions import Calibration
from mminspect.models.stored_config import CONFIG_KEY, as_stored

#: A config of every anomaly method, relative to configs/anomaly_rd.
ANOMALY = dict(rd4ad='rd4ad/rd4ad_r18_20e_mvtec', akf='akf/akf-oce_r18_20e_mvtec', rfa='rfa/rfa_r18_20e_mvtec',
               textile='textile/textile_r18_300i_mvtec', mkd='mkd/mkd_vgg16-random_20e_mvtec',
               mkd_ra='mkd/mkd-ra_vgg16-random_20e_mvtec')
DETECTORS = ('GFL', 'ATSS', 'RetinaNet', 'TOOD', 'VFNet', 'YOLOF', 'semantic', 'distilled')


def anomaly_files(folder: Path, method: str = 'rd4ad', threshold: Calibration | None = None,
                  size: tuple[int, int] = (64, 64)) -> Path:
    """A checkpoint of random weights that holds its config, which also lies beside it; images come in at ``size``."""
    cfg = Config.fromfile(ROOT / 'configs' / 'anomaly_rd' / f'{ANOMALY[method]}.py')
    _shrink(cfg._cfg_dict, size)
    init_default_scope('anomaly_rd')
    torch.manual_seed(0)
    model = ANOMALY_MODELS.build(cfg.model)
    init_quietly(model)
    return _save(folder, method, cfg, dict(state_dict=model.state_dict()), threshold)


def detector_files(folder: Path, family: str = 'GFL', threshold: Calibration | None = None,
                   scale: tuple[int, int] = (96, 64)) -> Path:
    """A checkpoint of a detector that finds a lot, beside its config; ``scale`` is (width, height) of its Resize."""
    plain = 'GFL' if family == 'distilled' else family
    model = family_cfg(plain)
    if family == 'distilled':
        model = dict(distilled_cfg(), test_cfg=model['test_cfg'])
    keys = ('img_path', 'ori_shape', 'img_shape', 'scale_factor')
    pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=scale, keep_ratio=True),
                dict(type='PackDetInputs', meta_keys=keys)]
    dataset = dict(type='CocoDataset', metainfo=dict(classes=CLASSES), pipeline=pipeline)
    cfg = Config(dict(default_scope='mmdet', custom_imports=dict(imports=['fdrd'], allow_failed_imports=False),
                      model=model, test_dataloader=dict(dataset=dataset)))
    return _save(folder, family, cfg, dict(state_dict=tiny_detector(plain).state_dict()), threshold)


def _save(folder: Path, name: str, cfg: Config, content: dict[str, Any], threshold: Calibration | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    cfg.dump(folder / f'{name}.py')
    object.__setattr__(cfg, '_filename', f'{name}.py')  # as if it had been read from there
    state = (calibration() if threshold is None else threshold).state()
    whole = {**content, 'meta': dict(epoch=1), 'threshold': state, CONFIG_KEY: as_stored(cfg)}
    torch.save(whole, folder / 'epoch_1.pth')
    return folder / 'epoch_1.pth'


def _shrink(node: Any, size: tuple[int, int]) -> None:
    """No weights of the repository's, and small images, in place."""
    if isinstance(node, dict):
        if isinstance(node.get('weights'), str):
            node['weights'] = None
        if node.get('type') == 'ResizeInspection':
            node['size'] = size
        if 'input_size' in node:
            node['input_size'] = size
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            _shrink(child, size)
