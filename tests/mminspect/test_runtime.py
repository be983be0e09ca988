import errno
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from helpers import build, detector_cfg, distilled_cfg, runner_cfg, save_checkpoint, write_coco
from mmdet.registry import DATASETS, MODELS, TRANSFORMS
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATA_SAMPLERS, HOOKS, PARAM_SCHEDULERS, init_default_scope
from mminspect import runtime
from mminspect.errors import UserError
from torch import nn

# ---------------------------------------------------------------------------------------------------------- configs


@pytest.mark.parametrize(('name', 'text', 'words'), [
    ('gone.py', None, r'gone\.py does not exist'),
    ('a.py', 'x = (', 'SyntaxError'),
    ('a.py', 'x = undefined', 'NameError'),
    ('a.py', 'import os\nx = os.nothing', 'AttributeError'),
    ('a.py', 'x = [][3]', 'IndexError'),
    ('a.py', '_base_ = "gone.py"', 'cannot be read: FileNotFoundError'),
    ('a.py', '_base_ = "mmdet::gfl/gone.py"', 'cannot be read'),
    ('a.py', 'custom_imports = dict(imports=["no_such_package"], allow_failed_imports=False)', 'no_such_package'),
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
    path.write_text('model = dict(type="GFL", depth=18)\nhooks = [dict(a=1), dict(a=2)]\nepochs = 3\n')
    return str(path)


def test_options_override_and_work_dir_follows_the_name(config: str) -> None:
    cfg = runtime.load_config(config, {'model.depth': 50, 'hooks.1.a': 5})
    assert (cfg.model.depth, cfg.hooks[1].a, cfg.work_dir) == (50, 5, 'work_dirs/recipe')
    assert runtime.load_config(config, {'work_dir': 'b'}).work_dir == 'b'
    assert runtime.load_config(config, {'work_dir': 'b'}, work_dir='c').work_dir == 'c'


@pytest.mark.parametrize(('option', 'words'), [('modle.depth', 'did you mean model'), ('zzz', 'it has epochs, hooks')])
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


@pytest.mark.parametrize('options', [{'epochs.x': 1}, {'hooks.7.a': 1}, {'hooks.x.a': 1}, {'model.type.x': 1}])
def test_options_that_do_not_fit(config: str, options: dict) -> None:
    with pytest.raises(UserError, match='--cfg-options does not fit'):
        runtime.load_config(config, options)


@pytest.mark.parametrize('value', ['abc', True, [1], {'a': 1}])
def test_numbers_stay_numbers(config: str, value: object) -> None:
    with pytest.raises(UserError, match=r'hooks.1.a is the number 2 in .*recipe.py'):
        runtime.load_config(config, {'hooks.1.a': value})
    assert runtime.load_config(config, {'hooks.1.a': None, 'epochs': 0.5}).epochs == 0.5


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


# ---------------------------------------------------------------------------------------------- work dir and data


def test_work_dir_is_created_and_left_empty(tmp_path: Path) -> None:
    runtime.prepare_work_dir(str(tmp_path / 'a' / 'b'))
    assert list((tmp_path / 'a' / 'b').iterdir()) == []


def test_work_dir_under_a_file_or_without_permission(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / 'file').write_text('x')
    for path in (tmp_path / 'file', tmp_path / 'file' / 'below'):
        with pytest.raises(UserError, match=r'cannot be written .*choose another with --work-dir'):
            runtime.prepare_work_dir(str(path))

    def denied(**_) -> None:
        raise PermissionError(errno.EACCES, 'x')

    monkeypatch.setattr('tempfile.NamedTemporaryFile', denied)
    with pytest.raises(UserError, match='Permission denied'):
        runtime.prepare_work_dir(str(tmp_path))


def test_nearly_full_disk(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'only \d+ MiB are free .* at least 1099511627776 MiB'):
        runtime.prepare_work_dir(str(tmp_path), free_bytes=2**60)


def test_data_checks_see_the_named_parts_and_their_warnings_are_logged(monkeypatch, messages: list[str]) -> None:
    seen: list[dict] = []
    monkeypatch.setattr(runtime, 'DATA_CHECKS', [lambda dataset: seen.append(dataset) or ['odd but allowed']])
    monkeypatch.setattr(runtime, 'MODEL_CHECKS', [lambda model, dataset: seen.append({**model, **dataset})])
    cfg = Config(dict(model=dict(depth=18), train_dataloader=dict(dataset=dict(type='A')),
                      test_dataloader=dict(dataset=dict(type='B'))))
    runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
    assert seen == [dict(depth=18, type='A'), dict(type='A')] and messages == ['train_dataloader: odd but allowed']


def test_projects_add_their_checks(tmp_path: Path) -> None:
    dataset = dict(type='CocoDataset', ann_file=str(tmp_path / 'gone.json'), metainfo=dict(classes=('a', 'b')))
    for model, words in ((detector_cfg(), r'gone\.json'), (detector_cfg(classes=3), 'num_classes=3')):
        cfg = Config(dict(model=model, train_dataloader=dict(dataset=dataset)))
        with pytest.raises(UserError, match=words):
            runtime.check_data(cfg, ('train_dataloader', ))


# ----------------------------------------------------------------------------------------------- unknown components


def changed(**parts: dict | str) -> Callable[[], nn.Module]:
    """Build a detector whose config has these entries of another value."""
    cfg = detector_cfg()
    for path, value in parts.items():
        *keys, last = path.split('__')
        node = cfg
        for key in keys:
            node[key] = dict(node[key])
            node = node[key]
        node[last] = value
    return lambda: MODELS.build(ConfigDict(cfg))


@pytest.mark.parametrize(('make', 'words'), [
    (changed(type='GFLL'), r'GFLL \(model\); did you mean GFL'),
    (changed(backbone__type='ResNett'), 'ResNett .*ResNet'),
    (changed(bbox_head__loss_cls__type='QualityFokalLoss'), 'QualityFocalLoss'),
    (changed(bbox_head__norm_cfg__type='GNN'), 'GNN; did you mean GN'),
    (changed(train_cfg__assigner__type='ATSSAsigner'), r'ATSSAsigner \(task util\); did you mean ATSSAssigner'),
    (changed(type='Zqxjk'), 'listed in custom_imports'),
    (changed(neck__typo=3), "gives an argument .* 'typo'"),
    (lambda: TRANSFORMS.build(dict(type='StudentNoize')), 'StudentNoise'),
    (lambda: DATASETS.build(dict(type='CocoDatset')), 'CocoDataset'),
    (lambda: HOOKS.build(dict(type='mmengine.EpochSeedHok')), 'EpochSeedHook'),
    (lambda: DATA_SAMPLERS.build(dict(type='DefaultSampl')), r'\(data sampler\); did you mean DefaultSampler'),
    (lambda: PARAM_SCHEDULERS.build(dict(type='MultiStepLRR')), r'\(parameter scheduler\); did you mean MultiStepLR'),
    (lambda: build_optim_wrapper(nn.Linear(1, 1), dict(type='OptimWraper', optimizer=dict(type='SGD', lr=1))),
     'OptimWrapper'),
])
def test_unknown_components_come_with_the_nearest_names(make: Callable, words: str) -> None:
    init_default_scope('mmdet')
    model = detector_cfg(norm_cfg=dict(type='GNN', num_groups=8))  # the one kind that mmengine's message does not name
    with pytest.raises(UserError, match=words) as error, runtime.explained(Config(dict(model=model))):
        make()
    assert '\n' not in str(error.value) and str(error.value).startswith('the config ')


def test_optimiser_that_mmengine_does_not_name() -> None:
    init_default_scope('mmdet')
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGDD', lr=1))
    cfg = Config(dict(model=detector_cfg(), optim_wrapper=wrapper))
    with pytest.raises(UserError, match='unknown component: SGDD; did you mean SGD'), runtime.explained(cfg):
        build_optim_wrapper(nn.Linear(1, 1), wrapper)


@pytest.mark.parametrize('error', [KeyError('bbox'), TypeError('no len()'), ValueError('x is not in the y registry'),
                                   KeyError('Cannot find None in registry under scope name mmdet')])
def test_other_errors_pass_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, runtime.explained(Config(dict(model=detector_cfg()))):
        raise error
    assert raised.value is error


def test_component_names_by_kind() -> None:
    assert {'SemanticFPN', 'GFL', 'Linear'} <= runtime.component_names('model')
    assert 'SGD' not in runtime.component_names('model')
    assert {'SemanticFPN', 'SGD', 'StudentNoise', 'EpochSeedHook'} <= runtime.component_names(None)
    assert runtime.component_names('no such kind') == set()


# ------------------------------------------------------------------------------------------- runner and checkpoints


def test_runner_is_built_or_the_mistake_is_named(tmp_path: Path) -> None:
    cfg = runner_cfg(tmp_path / 'run', write_coco(tmp_path / 'data'), detector_cfg())
    assert type(runtime.build_runner(cfg).model).__name__ == 'GFL'
    cfg.custom_hooks = [dict(type='CheckInvalidLosHook')]
    cfg.experiment_name = 'second'
    with pytest.raises(UserError, match='CheckInvalidLossHook'):
        runtime.build_runner(cfg)


def test_launcher_needs_torchrun(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv('RANK', raising=False)
    with pytest.raises(UserError, match='torchrun'):
        runtime.build_runner(runner_cfg(tmp_path, tmp_path / 'a.json', detector_cfg(), launcher='pytorch'))


@pytest.mark.parametrize(('more', 'announced'), [
    ({}, True), (dict(load_from='a.pth'), False), (dict(resume=True), False), (dict(model=distilled_cfg()), True),
    (dict(model=dict(detector_cfg(), init_cfg=dict(type='Pretrained', checkpoint='a.pth'))), False),
    (dict(model=dict(detector_cfg(), backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='a.pth')))), False),
    (dict(model=dict(type='Other')), False),  # no backbone: its parts speak for themselves
])
def test_random_weights_are_announced(more: dict, announced: bool, messages: list[str]) -> None:
    runtime.announce_initial_weights(Config({**dict(model=detector_cfg()), **more}))
    assert any('RANDOM weights' in text for text in messages) == announced


def test_checkpoint_must_hold_every_weight_of_the_model(tmp_path: Path) -> None:
    model = build(detector_cfg())
    file = str(save_checkpoint(model, tmp_path / 'a.pth'))
    runtime.check_checkpoint(model, file)
    runtime.check_checkpoint(build(distilled_cfg()), file)  # a student is a plain detector
    runtime.check_checkpoint(model, 'https://example.org/a.pth')  # mmengine downloads it later
    runtime.check_checkpoint(nn.DataParallel(model), file)  # as under a launcher
    wrapped = save_checkpoint(nn.DataParallel(model), tmp_path / 'wrapped.pth')
    runtime.check_checkpoint(model, str(wrapped))  # mmengine drops the prefix `module.`
    torch.save(model.state_dict(), tmp_path / 'bare.pth')
    runtime.check_checkpoint(model, str(tmp_path / 'bare.pth'))
    with pytest.raises(UserError, match=r'5 of \d+ weights are missing or of another shape \(first: bbox_head.gfl_cls'):
        runtime.check_checkpoint(build(dict(detector_cfg(classes=3), bbox_head=dict(
            detector_cfg(classes=3)['bbox_head'], reg_max=8))), file)
    with pytest.raises(UserError, match=r'6 of \d+ weights are missing'):
        runtime.check_checkpoint(build(detector_cfg('ATSS')), file)
    with pytest.raises(UserError, match='does not exist'):
        runtime.check_checkpoint(model, str(tmp_path / 'gone.pth'))


def test_initial_weights_must_have_something_in_common(tmp_path: Path) -> None:
    model = build(detector_cfg())
    runtime.check_initial_weights(model, str(save_checkpoint(build(detector_cfg(classes=3)), tmp_path / 'a.pth')))
    runtime.check_initial_weights(model, 'https://example.org/a.pth')
    for weights in ({}, {'x': torch.zeros(1)}, {next(iter(model.state_dict())): torch.zeros(1)}):
        torch.save(weights, tmp_path / 'b.pth')
        with pytest.raises(UserError, match='has no weight in common'):
            runtime.check_initial_weights(model, str(tmp_path / 'b.pth'))
