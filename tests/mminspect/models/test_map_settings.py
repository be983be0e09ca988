"""Settings that a threshold belongs to: named by value, not by how a config happens to write them."""
import pytest
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

import anomaly_rd  # noqa: F401 (registers the models)
from helpers import ROOT
from mminspect.models.map_settings import default_settings, map_settings

FOLDER = ROOT / 'configs' / 'anomaly_rd'
RD4AD = 'rd4ad/rd4ad_r18_20e_mvtec'


def settings(name, **options):
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    cfg.merge_from_dict(options)
    init_default_scope('anomaly_rd')
    return map_settings(cfg.model)


def changed(name, **options):
    before, after = settings(name), settings(name, **{f'model.{key}': value for key, value in options.items()})
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@pytest.mark.parametrize(('name', 'option', 'value'), [
    (RD4AD, 'map_head.fusion', 'prod'), (RD4AD, 'map_head.sigma', 2), (RD4AD, 'map_head.score', 'mean'),
    ('textile/textile_r18_300i_mvtec', 'map', 'distill'), ('textile/textile_r18_300i_mvtec', 'topk', 10),
    ('mkd/mkd_vgg16-random_20e_mvtec', 'loss.lambda_on', 'dir'),
    ('mkd/mkd_vgg16-random_20e_mvtec', 'localization.sigma', 1.0)])
def test_what_changes_the_maps_or_scores(name, option, value):
    assert changed(name, **{option: value}) == {option}


@pytest.mark.parametrize('options', [
    {'map_head.sigma': 4}, {'map_head.type': 'anomaly_rd.CosineMapHead'}, {'map_head.topk': 100},  # the default
    {'cache_features': False}, {'loss.mode': 'local'}])
def test_what_does_not(options):
    assert changed(RD4AD, **options) == set()


def test_every_method_names_some():
    init_default_scope('anomaly_rd')
    for name in (RD4AD, 'textile/textile_r18_300i_mvtec', 'mkd/mkd_vgg16-random_20e_mvtec'):
        model = Config.fromfile(FOLDER / f'{name}.py').model
        assert MODELS.get(f'anomaly_rd.{model.type}').map_options and all(map(str.isprintable, settings(name).values()))


def test_fusions_of_one_method_differ():
    assert settings(RD4AD)['map_head.fusion'] == '"sum"'
    assert settings('rd4ad/rd4ad-prod_r18_20e_mvtec')['map_head.fusion'] == '"prod"'


@pytest.mark.parametrize(('name', 'option', 'value', 'default'), [
    (RD4AD, 'map_head.sigma', 2, '4.0'), (RD4AD, 'map_head.fusion', 'prod', '"sum"'),
    ('textile/textile_r18_300i_mvtec', 'topk', 10, '100.0'),
    ('patchcore/patchcore_r18_mvtec', 'distance', 'sq', '"l2"')])
def test_defaults_are_the_classes_own_whatever_a_config_says(name, option, value, default):
    """An option that came after a checkpoint had its default there, and another value of it makes other maps."""
    cfg = Config.fromfile(FOLDER / f'{name}.py')
    cfg.merge_from_dict({f'model.{option}': value})
    init_default_scope('anomaly_rd')
    assert default_settings(cfg.model)[option] == default != map_settings(cfg.model)[option]
