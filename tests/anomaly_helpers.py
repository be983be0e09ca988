"""What tests of anomaly models share: the repository's configs, and what makes them small."""
from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from anomaly_rd.registry import MODELS
from helpers import ROOT, shake
from mminspect.core.log import quiet_log
from mminspect.inspection.networks import TorchNetwork, fingerprint
from mminspect.inspection.networks.anomaly import anomaly_network
from mminspect.inspection.spec import NetworkSpec

FOLDER = ROOT / 'configs' / 'anomaly_rd'
CONFIGS = sorted(p for p in FOLDER.rglob('*.py') if '_base_' not in p.parts
                 and (find_spec('timm') or 'TIMMBackbone' not in p.read_text()))
SIDE = 64
#: What a model's config says about training alone, or of weights.
TRAINING = ('cache_dtype', 'cache_features', 'cache_limit_bytes', 'checkpointing', 'loss', 'reduction', 'save_teacher',
            'segmentation_loss', 'weights')
RD4AD, MKD = FOLDER / 'rd4ad' / 'rd4ad_r18_20e_mvtec.py', FOLDER / 'mkd' / 'mkd_vgg16-random_20e_mvtec.py'
THIN_RESNET = dict(type='mmpretrain.ResNet', depth=18, stem_channels=8, base_channels=8, out_indices=(0, 1, 2),
                   zero_init_residual=False)


def small_cfg(path: Path, slim: bool = True) -> Config:
    """A config with random weights, images of 64x64 and, if ``slim``, a thin teacher and decoder where that fits."""
    cfg = Config.fromfile(path)
    if slim:
        _slim(cfg.model)
    for part in (cfg.model, cfg.test_dataloader):
        _each(part, _shrink)
    return cfg


def build_small(cfg: Config, seed: int = 0) -> nn.Module:
    """The model of :func:`small_cfg` in eval mode; nothing in it is 0 or 1 only because it is new."""
    init_default_scope('anomaly_rd')
    torch.manual_seed(seed)
    with quiet_log():
        model = MODELS.build(cfg.model)
        model.init_weights()
    shake(model, seed, 0.02)
    for module in (model, *model.outside_modules().values()):
        for name, buffer in module.named_buffers():
            if name.endswith(('running_mean', 'running_var')):
                buffer += 0.1 * torch.rand(buffer.shape)
    model.eval()
    if cfg.train_cfg.type == 'FitOnceLoop':
        with torch.no_grad(), quiet_log():
            model.collect(torch.randn(4, 3, SIDE, SIDE), [])
            model.finish_fit()
    return model


def small_network(path: Path = RD4AD, slim: bool = True, **spec: Any) -> TorchNetwork:
    """The network of :func:`small_cfg` with random weights; ``spec`` overrides fields of its spec."""
    cfg = small_cfg(path, slim)
    model = build_small(cfg)
    module, values = anomaly_network(cfg, model)
    fields = dict(name=path.stem, fingerprint=fingerprint(cfg, model), **values)
    return TorchNetwork(module, NetworkSpec(**{**fields, **spec}))


def noise(count: int = 1, seed: int = 0, side: int = SIDE) -> np.ndarray:
    """Images (count, side, side, 3) float32 of whole numbers 0..255."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3)).astype(np.float32)


def prediction_key(cfg: Config) -> str:
    """Equal for configs whose models compute the same."""
    model = json.loads(json.dumps(cfg.model.to_dict()))
    loss = model.get('loss') if model['type'] == 'MultiresolutionDistillation' else None  # which is its score
    _each(model, lambda node: [node.pop(key, None) for key in TRAINING])
    return json.dumps([model, loss], sort_keys=True)


def _each(node: Any, change: Callable[[dict], Any]) -> None:
    """Call ``change`` with every dict in ``node``, in place."""
    if isinstance(node, dict):
        change(node)
        node = list(node.values())
    for child in node if isinstance(node, (list, tuple)) else ():
        _each(child, change)


def _shrink(node: dict) -> None:
    if node.get('type') == 'ResNetTeacher':
        node.update(depth=18, wide=False)
    if node.get('type') == 'ResizeInspection':
        node['size'] = (SIDE, SIDE)
    if node.get('type') == 'SmoothGrad':
        node['samples'] = 2
    if node.get('type') == 'PositionGaussians':
        node['dims'] = 20
    if node.get('type') in ('ReconstructSegment', 'EdgeReconstruction'):
        node.update({key: 4 for key in ('width', 'segment_width') if key in node})
    if node.get('type') == 'ResNetStudent':
        node['arch'] = 'resnet18'
    if isinstance(node.get('weights'), str):
        node['weights'] = None
    if 'input_size' in node:
        node['input_size'] = (SIDE, SIDE)


def _slim(model: dict) -> None:
    if model['type'] in ('ReverseDistillation', 'ProjectedDistillation'):
        model['teacher'], model['decoder']['blocks'] = _thin(model['teacher']), (2, 1, 1)
    if model['type'] == 'DenoisingDistillation':
        model['head']['channels'] = 16
        if model['student']['type'] == 'DenoisingStudent':
            model['teacher'], model['student']['width'] = _thin(model['teacher']), 8
            model['head']['in_channels'] = (8, 16, 32)


def _thin(teacher: dict) -> dict:
    """A thin ResNet-18 whose bottleneck and decoder have the blocks that belong to the teacher."""
    large = teacher.get('depth') == 50
    return dict(type='BackboneTeacher', backbone=dict(THIN_RESNET), block='bottleneck' if large else 'basic',
                depth=50 if large else 18, wide=bool(teacher.get('wide')))
