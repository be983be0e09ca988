"""Recipes of the systems that papers compare with, as their sources say them."""
from __future__ import annotations

import pytest
from mmengine.config import Config

from helpers import ROOT

FOLDER = ROOT / 'configs' / 'anomaly_rd'
CONFIGS = sorted(path for path in FOLDER.rglob('*.py') if '_base_' not in path.parts)
#: test_anomaly_recipes.py has these.
OTHERS = {'rd4ad', 'akf', 'rfa', 'mkd', 'textile', 'demo', 'quickstart'}
#: Optimiser, batch, epochs (or iterations) of the configs as published; None: fitted once.
PUBLISHED = {
    'patchcore/patchcore_wrn50_mvtec': (None, 16, None),
    'padim/padim_r18_mvtec': (None, 16, None),
    'stfpm/stfpm_r18_100e_mvtec': (dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=1e-4), 32, 100),
    'simplenet/simplenet_wrn50_160e_mvtec': (dict(
        adaptor=dict(type='AdamW', lr=1e-4, weight_decay=0.01),
        discriminator=dict(type='Adam', lr=2e-4, weight_decay=1e-5)), 8, 160),
    'rdpp/rdpp_wrn50_200e_mvtec': (dict(type='Adam', lr=0.005, betas=(0.5, 0.999)), 16, 200),
    'destseg/destseg_r18_5000i_mvtec': (dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=1e-4), 32, 5000),
    'draem/draem_w128_700e_mvtec': (dict(type='Adam', lr=1e-4), 8, 700),
    'edgrec/edgrec_w128_800e_mvtec': (dict(type='Adam', lr=1e-4), 8, 800),
}


def optimiser_of(cfg: Config) -> dict | None:
    wrapper = cfg.get('optim_wrapper')
    if wrapper is None:
        return None
    if 'optimizer' in wrapper:
        return dict(wrapper.optimizer)
    return {name: dict(part.optimizer) for name, part in wrapper.items() if name != 'constructor'}


@pytest.mark.parametrize('name', PUBLISHED)
def test_as_published(name: str) -> None:
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    length = cfg.train_cfg.get('max_epochs', cfg.train_cfg.get('max_iters'))
    assert (optimiser_of(cfg), cfg.train_dataloader.batch_size, length) == PUBLISHED[name]
    size = next(step.size for step in cfg.train_dataloader.dataset.pipeline if step.type == 'ResizeInspection')
    assert tuple(size) == (256, 256)  # all rows of a table see the same pixels


def test_rates_of_parts_and_of_time() -> None:
    rdpp = Config.fromfile(FOLDER / 'rdpp/rdpp_wrn50_200e_mvtec.py')
    assert rdpp.optim_wrapper.optimizer.lr * rdpp.optim_wrapper.paramwise_cfg.custom_keys.projection.lr_mult == 0.001
    for name, length in (('draem/draem_w128_700e_mvtec', 700), ('edgrec/edgrec_w128_800e_mvtec', 800)):
        schedule, = Config.fromfile(FOLDER / f'{name}.py').param_scheduler
        assert (schedule.milestones, schedule.gamma) == ([0.8 * length, 0.9 * length], 0.2)


def test_what_is_fitted_once_keeps_images_for_the_threshold() -> None:
    for path in CONFIGS:
        cfg = Config.fromfile(path)
        if cfg.train_cfg.type == 'FitOnceLoop':
            assert cfg.train_dataloader.dataset.holdout == 0.2, path


def test_every_method_has_a_recipe() -> None:
    folders = {path.relative_to(FOLDER).parts[0] for path in CONFIGS} - OTHERS
    assert folders == {name.partition('/')[0] for name in PUBLISHED}
