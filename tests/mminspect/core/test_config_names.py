"""Configs by name: from the command line, in bases, and what is said where there is none."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.hub import get_config

from helpers import ROOT
from mminspect.core import config_names
from mminspect.core.config_names import find_config
from mminspect.core.errors import UserError
from mminspect.core.setup import setup
from mminspect.runtime import load_config

RD4AD = ROOT / 'configs/anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py'


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three configs, two of one name."""
    for name in ('a/same.py', 'b/same.py', 'b/only.py', 'b/_base_/part.py'):
        (tmp_path / 'configs' / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / 'configs' / name).write_text('x = 1\n')
    monkeypatch.setattr(config_names, 'home', lambda: tmp_path)
    return tmp_path / 'configs'


@pytest.mark.parametrize('name', [
    'anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec', 'anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py', 'rd4ad_r18_20e_mvtec',
    'rd4ad_r18_20e_mvtec.py', 'configs/anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py',
    'mminspect::anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py', 'mminspect::anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec'])
def test_every_way_to_name_one(name: str, elsewhere: Path) -> None:
    assert find_config(name) == RD4AD


def test_a_file_goes_before_a_name(elsewhere: Path) -> None:
    own = Path('anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec.py')
    own.parent.mkdir(parents=True)
    own.write_text('')
    assert find_config(str(own)) == own


def test_a_name_that_fits_several(configs: Path) -> None:
    with pytest.raises(UserError, match=r'config same may be each of a/same\.py, b/same\.py: give the path'):
        find_config('same')
    assert find_config('a/same') == configs / 'a/same.py'


def test_parts_of_configs_are_found_by_their_path_alone(configs: Path) -> None:
    with pytest.raises(UserError, match='config part does not exist'):
        find_config('part')
    assert find_config('b/_base_/part') == configs / 'b/_base_/part.py'


@pytest.mark.parametrize(('name', 'said'), [
    ('anomaly_rd/rd4ad/rd4ad_r18_20e_mvtc', 'config anomaly_rd/rd4ad/rd4ad_r18_20e_mvtc does not exist: check the '
     'path; did you mean anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec'),
    ('rd4ad_r18_20e_mvte', 'did you mean anomaly_rd/rd4ad/rd4ad_r18_20e_mvtec'),
    ('qqqq', 'config qqqq does not exist: check the path$'),
    ('../setup.py', 'does not exist'), ('/etc', 'config /etc is a folder'), ('', 'does not exist|is a folder')])
def test_what_is_not_there(name: str, said: str, elsewhere: Path) -> None:
    with pytest.raises(UserError, match=said):
        find_config(name)


def test_a_config_anywhere_inherits_by_name(elsewhere: Path) -> None:
    Path('own.py').write_text("_base_ = ['mminspect::fdrd/gfl_r18_48e_medicine.py']\n"
                              'optim_wrapper = dict(optimizer=dict(lr=0.5))\n'
                              'again = {{_base_.model.bbox_head}}\n')
    setup()
    own, plain = Config.fromfile('own.py'), Config.fromfile(ROOT / 'configs/fdrd/gfl_r18_48e_medicine.py')
    assert own.model == plain.model == load_config('own.py').model
    assert own.again == plain.model.bbox_head  # a variable of a base keeps the registries of the method
    assert own.optim_wrapper.optimizer.lr == 0.5 and plain.optim_wrapper.optimizer.lr != 0.5


def test_a_base_that_is_not_there(elsewhere: Path) -> None:
    Path('own.py').write_text("_base_ = 'mminspect::fdrd/gfl_r18_48e_medicin.py'\n")
    with pytest.raises(UserError, match=r'own\.py cannot be read.*did you mean fdrd/gfl_r18_48e_medicine'):
        load_config('own.py')


def test_other_packages_are_mmengines() -> None:
    setup()
    assert Config._get_cfg_path('mmdet::_base_/default_runtime.py', 'x.py')[1] == 'mmdet'
    setup()  # again: wrapped once
    assert Config._get_cfg_path('part.py', '/a/own.py') == ('/a/part.py', None)
    assert get_config('mmdet::_base_/default_runtime.py').default_scope == 'mmdet'
