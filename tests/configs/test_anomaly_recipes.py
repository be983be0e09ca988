"""Recipes and sizes of the anomaly configs: what the methods' sources say, not what the sweep shrinks."""
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_rd.registry import MODELS
from mminspect.core.log import quiet_log

FOLDER = Path(__file__).resolve().parents[2] / 'configs' / 'anomaly_rd'
#: Those whose sources came with a whole recipe; test_comparison_recipes.py has the others.
METHODS = ('rd4ad', 'akf', 'rfa', 'mkd', 'textile')
CONFIGS = sorted(p for p in FOLDER.rglob('*.py') if '_base_' not in p.parts)

RD4AD = dict(optimizer=dict(type='Adam', lr=0.005, betas=(0.5, 0.999)), batch=16, epochs=200, side=256)
AKF = dict(RD4AD, optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.999)), batch=32, epochs=100)
RFA = dict(RD4AD, epochs=300)
MKD = dict(optimizer=dict(type='Adam', lr=1e-3), batch=64, epochs=601, side=128, lambda_on='val')
MKD_RA = dict(MKD, batch=32, epochs=600, lambda_on='dir')
TEXTILE = dict(optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=1e-4), batch=32, iters=5000, switch=1000,
               side=256)
#: Short runs: the recipe, but for what a few minutes on a CPU allow.
SHORT = dict(mkd=dict(batch=16), textile=dict(batch=8))


def recipe_of(path: Path) -> dict:
    """What the config has to hold, from its folder and name."""
    method, name = path.relative_to(FOLDER).parts[0], path.stem
    recipe = dict(rd4ad=RD4AD, akf=AKF, rfa=RFA, mkd=MKD_RA if 'mkd-ra' in name else MKD, textile=TEXTILE)[method]
    if 'akf-recipe' in name:
        recipe = AKF
    elif 'rd4ad-recipe' in name or (method == 'akf' and '_20e_' in name):
        recipe = RD4AD
    if '_20e_' in name:
        return dict(recipe, epochs=20, **SHORT.get(method, {}))
    if short := re.search(r'_(\d00|1000)i_', name):
        iters = int(short.group(1))
        return {**recipe, 'iters': iters, 'switch': iters // 2, **SHORT[method]}
    return recipe


def side_of(cfg: Config) -> int:
    """Of the network's input."""
    sizes = [step['size'] for step in cfg.train_dataloader.dataset.pipeline if 'size' in step]
    assert sizes[-1][0] == sizes[-1][1]
    return sizes[-1][0]


@pytest.mark.parametrize('path', [p for p in CONFIGS if p.relative_to(FOLDER).parts[0] in METHODS],
                         ids=lambda p: p.stem)
def test_recipe(path: Path) -> None:
    cfg, recipe = Config.fromfile(path), recipe_of(path)
    found = dict(optimizer=dict(cfg.optim_wrapper.optimizer), batch=cfg.train_dataloader.batch_size, side=side_of(cfg))
    found['optimizer'].update({'betas': tuple(found['optimizer']['betas'])} if 'betas' in recipe['optimizer'] else {})
    for key in ('epochs', 'iters'):
        if key in recipe:
            found[key] = cfg.train_cfg[f'max_{key}']
            assert f'_{recipe[key]}{key[0]}_' in path.stem
    if 'lambda_on' in recipe:
        assert cfg.model.loss.weight == 0.5
        found['lambda_on'] = cfg.model.loss.lambda_on
    if 'switch' in recipe:
        found['switch'], = (hook.switch_at for hook in cfg.custom_hooks if hook.type == 'TwoPhaseHook')
    assert found == recipe
    assert not cfg.get('param_scheduler')


@pytest.mark.parametrize('path', [p for p in CONFIGS if p.parent.name != 'mkd' and p.relative_to(FOLDER).parts[0] in (
    *METHODS, 'demo', 'quickstart')], ids=lambda p: p.stem)
def test_loss_and_map(path: Path) -> None:
    model, textile = Config.fromfile(path).model, path.parent.name == 'textile'
    assert model.loss.mode == ('local' if textile or '-local' in path.stem else 'global')
    assert model.map_head.fusion == ('prod' if textile or '-prod' in path.stem else 'sum')
    assert model.map_head.sigma == (0.0 if textile else 4.0)
    if textile:
        assert model.segmentation_loss.gamma == 4.0
        wrapper = Config.fromfile(path).optim_wrapper
        keys, lr = wrapper.paramwise_cfg.custom_keys, wrapper.optimizer.lr
        assert keys['head.residual'].lr_mult * lr == pytest.approx(0.1)
        assert keys['head'].lr_mult * lr == pytest.approx(0.01)


def test_mkd_sees_plain_pixels() -> None:
    for path in FOLDER.glob('mkd/*.py'):
        preprocessor = Config.fromfile(path).model.data_preprocessor
        assert tuple(preprocessor.mean) == (0, 0, 0) and tuple(preprocessor.std) == (255, 255, 255), path


#: Parameters that are trained, in millions, and of the teacher.
R18, R34, R50, WRN50 = 2.78, 8.17, 8.54, 24.86
#: A ResNet-18's fourth level: where the student starts from it, and in mmpretrain's backbone, which builds it anyway.
FOURTH = 8.39
SIZES = {
    'rd4ad_r18_20e_mvtec': (0.66 + 11.02 + 3.70, R18),
    'rd4ad_mmpretrain-r18_200e_mvtec': (0.66 + 11.02 + 3.70, R18 + FOURTH),
    'rd4ad_r34_200e_mvtec': (0.66 + 15.74 + 5.77, R34),
    'rd4ad_r50_200e_mvtec': (10.62 + 20.21 + 15.82, R50),
    'rd4ad_wrn50_200e_mvtec': (10.62 + 48.26 + 24.92, WRN50),
    'rd4ad_wrn50_100e_mvtec_akf-recipe': (10.62 + 48.26 + 24.92, WRN50),
    'akf-oce_r18_20e_mvtec': (1.11 + 8.39 + 3.70, R18),
    'akf-oce_wrn50_100e_mvtec': (17.73 + 41.97 + 24.92, WRN50),
    'akf_wrn50_100e_mvtec': (17.73 + 18.88 + 24.92, WRN50),
    'traditional_wrn50_100e_mvtec': (10.62 + 18.88 + 3.15 + 24.92, WRN50),
    'rfa_r34_300e_mvtec': (0.66 + 15.74 + 10.91, R34),
    'rfa_r50_300e_mvtec': (10.62 + 20.21 + 18.59, R50),
    'rfa_wrn50_300e_mvtec': (10.62 + 48.26 + 35.61, WRN50),
    'rfa-643_wrn50_300e_mvtec': (10.62 + 48.26 + 52.0, WRN50),
    'silu-only_wrn50_300e_mvtec': (10.62 + 48.26 + 24.92, WRN50),
    'textile_r18_5000i_mvtec': (24.7 + 7.7, R18),
}


def without_weights(node: object) -> None:
    """No file or address in it, in place."""
    if isinstance(node, dict):
        if isinstance(node.get('weights'), str):
            node['weights'] = None
        for child in node.values():
            without_weights(child)


@pytest.mark.parametrize('path', [p for p in CONFIGS if p.relative_to(FOLDER).parts[0] not in ('draem', 'edgrec')],
                         ids=lambda p: p.stem)  # these have no teacher
def test_real_depths(path: Path) -> None:
    """Every model as large as its config says, on the meta device, where that takes no memory."""
    cfg = Config.fromfile(path)
    if 'TIMMBackbone' in str(cfg.model):
        pytest.importorskip('timm')
    without_weights(cfg.model)
    with DefaultScope.overwrite_default_scope('anomaly_rd'), torch.device('meta'), quiet_log():
        model = MODELS.build(cfg.model)
    trained, teacher = (sum(p.numel() for p in parameters) / 1e6 for parameters in (
        (p for p in model.parameters() if p.requires_grad), model.teacher.parameters()))
    depth = next((size for name, size in (('wrn50', WRN50), ('r18', R18), ('r34', R34), ('r50', R50))
                  if re.search(rf'[_-]{name}_', path.stem)), None)
    if 'textile-decoder' in path.stem or 'mmpretrain' in path.stem:
        depth += FOURTH
    if depth is not None:
        assert teacher == pytest.approx(depth, abs=0.02)
    if path.stem in SIZES:
        assert (trained, teacher) == pytest.approx(SIZES[path.stem], abs=0.06)


def test_every_size_is_of_a_config() -> None:
    assert set(SIZES) <= {path.stem for path in CONFIGS}
