import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch import nn

from mminspect import runtime
from mminspect.core.errors import UserError


@pytest.mark.parametrize(('name', 'text', 'words'), [
    ('gone.py', None, r'gone\.py does not exist'),
    ('a.py', 'x = (', 'SyntaxError'),
    ('a.py', 'x = undefined', 'NameError'),
    ('a.py', 'import os\nx = os.nothing', 'AttributeError'),
    ('a.py', 'x = [][3]', 'IndexError'),
    ('a.py', '_base_ = "gone.py"', 'cannot be read: FileNotFoundError'),
    ('a.py', '_base_ = "mmdet::gfl/gone.py"', 'cannot be read'),
    ('a.py', 'custom_imports = dict(imports=["no_such_package"], allow_failed_imports=False)', 'no_such_package'),
    ('a.py', 'import sys\nsys.exit(0)', r'ends the program \(sys\.exit\(0\)\) when it is read'),
    ('a.py', 'raise SystemExit', r'ends the program \(sys\.exit\(\)\)'),
    ('a.py', 'exit("enough")', "ends the program .*enough"),
    ('a.txt', 'x = 1', 'only py/yml/yaml/json|Only py/yml/yaml/json'),
    ('a.yml', 'a: [1', 'cannot be read'),
    ('a.json', '{', 'JSONDecodeError'),
])
def test_unusable_configs_are_one_sentence(name: str, text: str | None, words: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=words) as error:
        runtime.load_config(str(tmp_path / name))
    assert name in str(error.value)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / 'recipe.py'
    path.write_text('model = dict(type="GFL", depth=18)\ncustom_hooks = [dict(a=1), dict(a=2)]\n'
                    'epochs = 3\ntrain_cfg = dict(epochs=epochs, other=3, x=[3])\n')
    return str(path)


def test_options_override_and_work_dir_follows_the_name(config: str) -> None:
    cfg = runtime.load_config(config, {'model.depth': 50, 'custom_hooks.1.a': 5})
    assert (cfg.model.depth, cfg.custom_hooks[1].a, cfg.work_dir) == (50, 5, 'work_dirs/recipe')
    assert runtime.load_config(config, {'work_dir': 'b'}).work_dir == 'b'
    assert runtime.load_config(config, {'work_dir': 'b'}, work_dir='c').work_dir == 'c'


@pytest.mark.parametrize(('option', 'words'), [
    ('modle.depth', 'did you mean model'), ('zzz', 'it has custom_hooks, epochs')])
def test_options_that_the_config_does_not_have(config: str, option: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        runtime.load_config(config, {option: 1})
    assert runtime.load_config(config, {'randomness.seed': 3}).randomness.seed == 3  # mmengine knows it


def test_packages_of_the_working_directory_can_be_imported(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / 'own_package_of_a_user.py').write_text('VALUE = 1')
    (tmp_path / 'a.py').write_text('custom_imports = dict(imports=["own_package_of_a_user"])')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'path', [p for p in sys.path if p not in ('', str(tmp_path))])
    runtime.load_config('a.py')
    assert sys.modules.pop('own_package_of_a_user').VALUE == 1


@pytest.mark.parametrize('options', [{'train_cfg.epochs.x': 1}, {'custom_hooks.7.a': 1}, {'custom_hooks.x.a': 1},
                                     {'custom_hooks.0': 3}, {'model.type.x': 1}])
def test_options_that_do_not_fit(config: str, options: dict) -> None:
    with pytest.raises(UserError, match='--cfg-options does not fit'):
        runtime.load_config(config, options)


@pytest.mark.parametrize(('option', 'value'), [('model', 3), ('train_cfg', 3), ('custom_hooks', 3)])
def test_entries_keep_the_kind_that_they_are_read_as(config: str, option: str, value: object) -> None:
    with pytest.raises(UserError, match=rf'^{option} of .*recipe\.py is 3: give a '):
        runtime.load_config(config, {option: value})


def test_a_file_with_an_entry_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('model = "GFL"\n')
    with pytest.raises(UserError, match=r"^model of .*a\.py is 'GFL': give a dict"):
        runtime.load_config(str(tmp_path / 'a.py'))


@pytest.mark.parametrize('value', ['abc', True, [1], {'a': 1}])
def test_numbers_stay_numbers(config: str, value: object) -> None:
    with pytest.raises(UserError, match=r'custom_hooks.1.a is the number 2 in .*recipe.py'):
        runtime.load_config(config, {'custom_hooks.1.a': value})
    assert runtime.load_config(config, {'custom_hooks.1.a': None, 'train_cfg.epochs': 0.5}).train_cfg.epochs == 0.5


@pytest.mark.parametrize('gpu', [True, False])
@pytest.mark.parametrize('before', [dict(type='OptimWrapper'), dict(type='AmpOptimWrapper', loss_scale=512.0)])
def test_mixed_precision_by_device(gpu: bool, before: dict, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    cfg = Config(dict(optim_wrapper=dict(before, optimizer=dict(type='SGD', lr=0.1), clip_grad=dict(max_norm=35))))
    runtime.use_amp(cfg)
    expected = dict(type='AmpOptimWrapper', loss_scale='dynamic') if gpu else dict(type='mmengine.Bf16OptimWrapper')
    assert cfg.optim_wrapper == dict(expected, optimizer=dict(type='SGD', lr=0.1), clip_grad=dict(max_norm=35))
    if not gpu:
        assert type(build_optim_wrapper(nn.Linear(1, 1), cfg.optim_wrapper)).__name__ == 'Bf16OptimWrapper'


def test_amp_reaches_every_part_of_a_model_with_several_optimisers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    part = dict(type='AmpOptimWrapper', loss_scale='dynamic', optimizer=dict(type='SGD', lr=0.1))
    cfg = Config(dict(optim_wrapper=dict(constructor='PartsOptimWrapperConstructor', first=part, second=dict(part))))
    runtime.use_amp(cfg)
    expected = dict(type='mmengine.Bf16OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    assert cfg.optim_wrapper == dict(constructor='PartsOptimWrapperConstructor', first=expected, second=expected)
    with pytest.raises(UserError, match='has no optim_wrapper'):
        runtime.use_amp(Config(dict(train_cfg=dict(type='FitOnceLoop'))))


@pytest.mark.parametrize(('option', 'words'), [
    ('epochs', r'epochs would change nothing, .* variable inside .*: set train_cfg\.epochs instead'),
    ('steps', r'set train_cfg\.milestones\.0, model\.stages\.1 instead'),
    ('pipeline.1.size', r'set train_dataloader\.dataset\.pipeline\.1\.size instead'),
    ('unused', 'set the entries that it stands for, or change the file'),
])
def test_variables_are_refused_with_what_to_set_instead(option: str, words: str, tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text(
        'epochs = 20\nsteps = 7\nunused = "b"\npipeline = [dict(type="A"), dict(type="B", size=3)]\n'
        'train_cfg = dict(epochs=epochs, warmup=20, milestones=[steps])\nmodel = dict(type="GFL", stages=[1, 7])\n'
        'train_dataloader = dict(dataset=dict(type="D", pipeline=pipeline))\n')
    with pytest.raises(UserError, match=words):
        runtime.load_config(str(tmp_path / 'a.py'), {option: 1})


def test_projects_add_folders_to_the_default_work_dir(config: str, monkeypatch) -> None:
    monkeypatch.setattr(runtime.config, 'CHECKS', registry := runtime.CheckRegistry())
    registry.register('work_dir', 'type')(lambda cfg: cfg.model.type)
    registry.register('work_dir', 'none')(lambda cfg: None)
    assert runtime.load_config(config).work_dir == 'work_dirs/recipe/GFL'
    assert runtime.load_config(config, work_dir='a').work_dir == 'a'


def test_empty_variable_of_the_environment(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / 'a.py').write_text("root = '{{$MMINSPECT_DATA:data}}'")
    monkeypatch.setenv('MMINSPECT_DATA', '')
    with pytest.raises(UserError, match='reads MMINSPECT_DATA from the environment, where it is empty'):
        runtime.load_config(str(tmp_path / 'a.py'))


@pytest.mark.parametrize(('option', 'value', 'words'), [
    ('model.test_cfg.score_thr', float('nan'), r'model\.test_cfg\.score_thr of .* is nan: give a score from 0 to 1'),
    ('model.test_cfg.max_per_img', -1, r'max_per_img of .* is -1: give a whole number, 1 or more'),
    ('optim_wrapper.optimizer.lr', float('nan'), r'optimizer\.lr of .* is nan: give a number')])
def test_numbers_that_would_pass_in_silence(option: str, value: float, words: str, tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('model = dict(test_cfg=dict(score_thr=0.05, max_per_img=100))\n'
                                   'optim_wrapper = dict(optimizer=dict(type="SGD", lr=0.1))\n')
    with pytest.raises(UserError, match=words):
        runtime.load_config(str(tmp_path / 'a.py'), {option: value})
