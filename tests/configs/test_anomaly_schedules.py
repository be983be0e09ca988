"""What the recipes say beside the model: how often is evaluated, and from which seed."""
import pytest
from mmengine.config import Config

from helpers import ROOT

FOLDER = ROOT / 'configs' / 'anomaly_rd'
LONG = ['rd4ad/rd4ad_wrn50_200e_mvtec', 'rd4ad/rd4ad_wrn50_100e_mvtec_akf-recipe', 'akf/akf-oce_wrn50_100e_mvtec',
        'akf/akf-oce_wrn50_200e_mvtec_rd4ad-recipe', 'rfa/rfa_wrn50_300e_mvtec', 'mkd/mkd_vgg16_601e_mvtec',
        'mkd/mkd-ra_vgg16_600e_mvtec']
SHORT = ['rd4ad/rd4ad_r18_20e_mvtec', 'akf/akf-oce_r18_20e_mvtec', 'rfa/rfa_r18_20e_mvtec',
         'mkd/mkd_vgg16-random_20e_mvtec']


def read(name: str) -> Config:
    return Config.fromfile(FOLDER / f'{name}.py')


@pytest.mark.parametrize('name', LONG)
def test_long_schedules_are_evaluated_every_ten_epochs(name: str) -> None:
    assert read(name).train_cfg.val_interval == 10


@pytest.mark.parametrize('name', SHORT)
def test_short_ones_every_five_from_seed_0(name: str) -> None:
    cfg = read(name)
    assert (cfg.train_cfg.max_epochs, cfg.train_cfg.val_interval, cfg.randomness.seed) == (20, 5, 0)


@pytest.mark.parametrize('name', LONG[:4])
def test_the_seed_of_the_published_recipes(name: str) -> None:
    assert read(name).randomness.seed == 111
