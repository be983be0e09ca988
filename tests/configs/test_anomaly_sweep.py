"""Every config of anomaly_rd is built and takes one training step and one prediction on small images."""
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_rd.registry import DATASETS, HOOKS, METRICS, MODELS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'configs' / 'anomaly_rd'
CONFIGS = sorted(p for p in FOLDER.rglob('*.py') if '_base_' not in p.parts)
SIZE = 64


@pytest.fixture(scope='session')
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A category 'part' in MVTec layout: four good images for training, one good and one defective for the test."""
    root, rng = tmp_path_factory.mktemp('sweep'), np.random.default_rng(0)
    for name in (*(f'train/good/{i}.png' for i in range(4)), 'test/good/0.png', 'test/hole/0.png',
                 'ground_truth/hole/0_mask.png'):
        path = root / 'part' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
        if 'mask' in name:
            image[:] = 0
            image[8:20, 10:30] = 255
        cv2.imwrite(str(path), image)
    return root


def shrink(node, root: Path) -> None:
    """Take weights, data set and image size out of a config, and of ResNets all but the smallest, in place."""
    if isinstance(node, dict):
        if node.get('type') == 'ResNetTeacher':  # test_anomaly_recipes.py builds the large ones
            node.update(depth=18, wide=False)
        if node.get('type') == 'PositionGaussians':  # of ResNet-18's 448 channels
            node['dims'] = min(node['dims'], 20)
        if isinstance(node.get('weights'), str):
            node['weights'] = None
        if 'data_root' in node:
            node['data_root'] = str(root if 'category' in node else root / 'part')
            if 'category' in node:
                node['category'] = 'part'
        if node.get('type') in ('ResizeInspection', 'CentreCrop'):
            node['size'] = (SIZE, SIZE)
        if 'input_size' in node:
            node['input_size'] = (SIZE, SIZE)
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            shrink(child, root)


def step_of_the_head(model: BaseModel, batch: dict, optim_wrapper: OptimWrapper) -> None:
    """The second phase trains the head, and nothing but it."""
    model.set_phase('head')
    before = {k: v.detach().clone() for k, v in model.state_dict().items()}
    losses = model.train_step(batch, optim_wrapper)
    assert torch.isfinite(losses['loss']) and losses['loss'] > 0
    changed = {k.split('.')[0] for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {'head'}


def train(model: BaseModel, cfg: Config, batch: dict) -> None:
    """One step by gradients, or the fit of a model that looks at its images once."""
    before = {k: v.detach().clone() for k, v in model.state_dict().items()}
    if cfg.train_cfg.type == 'FitOnceLoop':
        data = model.eval().data_preprocessor(batch, False)
        with torch.no_grad():
            model.collect(data['inputs'], data['data_samples'])
            model.finish_fit()
    else:
        optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        losses = model.train().train_step(batch, optim_wrapper)
        assert all(torch.isfinite(v).all() for v in losses.values()), losses
        assert losses['loss'] > 0
        if any(hook.type == 'TwoPhaseHook' for hook in cfg.custom_hooks):
            step_of_the_head(model, batch, optim_wrapper)
    changed = [v for k, v in model.state_dict().items() if not torch.equal(v, before[k])]
    assert any(value.numel() > 1 for value in changed)  # not counters of batches alone


@pytest.mark.parametrize('path', CONFIGS, ids=lambda p: str(p.relative_to(FOLDER).with_suffix('')))
def test_one_step_and_one_prediction(path: Path, data_root: Path) -> None:
    torch.manual_seed(0)
    init_default_scope('anomaly_rd')
    cfg = Config.fromfile(path)
    if 'TIMMBackbone' in str(cfg.model):
        pytest.importorskip('timm')
    for part in (cfg.model, cfg.train_dataloader, cfg.test_dataloader):
        shrink(part, data_root)
    for hook in cfg.custom_hooks:
        HOOKS.build(hook)
    model = MODELS.build(cfg.model)
    train_set, test = (DATASETS.build(cfg[part].dataset) for part in ('train_dataloader', 'test_dataloader'))
    train(model, cfg, pseudo_collate([train_set[0], train_set[1]]))

    metric = METRICS.build(cfg.test_evaluator)
    metric.dataset_meta = test.metainfo
    with torch.no_grad():
        samples = model.eval().test_step(pseudo_collate([test[0], test[1]]))
    for sample in samples:
        assert sample.anomaly_map.shape == (SIZE, SIZE) and sample.anomaly_map.dtype == torch.float32
        assert torch.isfinite(sample.anomaly_map).all() and sample.pred_score.ndim == 0
    metric.process({}, [sample.to_dict() for sample in samples])
    found = {name: value for name, value in metric.evaluate(2).items() if name.startswith('pixel_auroc')}
    assert list(found) == ['pixel_auroc_of_anomalous' if 'compat' in path.stem else 'pixel_auroc']
    assert 0 <= found.popitem()[1] <= 1


def test_names_are_unique() -> None:
    """The default work dir is named after the config; two configs of one name would resume each other."""
    names = [path.stem for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts]
    assert len(names) == len(set(names))
