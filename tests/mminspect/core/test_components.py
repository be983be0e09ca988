from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmdet.registry import DATASETS, MODELS, TRANSFORMS
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DATA_SAMPLERS, HOOKS, PARAM_SCHEDULERS, init_default_scope
from torch import nn
from torch._utils import ExceptionWrapper

from helpers import detector_cfg, runner_cfg, write_coco
from mminspect import runtime
from mminspect.core.components import failing_component, find_component, unknown_component
from mminspect.core.errors import UserError


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
    (lambda: MODELS.build(dict(type='FPN', in_channels=[8])), "leaves out an argument that .* 'out_channels' and 'num"),
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
    with pytest.raises(UserError, match=words) as error, runtime.explain_errors(Config(dict(model=model))):
        make()
    assert '\n' not in str(error.value) and str(error.value).startswith('the config ')


@pytest.mark.parametrize(('make', 'words'), [
    (changed(backbone__depth=17), 'gives ResNet values that it refuses: .*17'),
    (changed(bbox_head__feat_channels=63, bbox_head__norm_cfg=dict(type='GN', num_groups=8)),
     'gives GFLHead values that it refuses: num_channels'),
    (changed(neck__out_channels=-3), 'gives FPN values that it refuses'),
])
def test_values_that_a_constructor_refuses(make: Callable, words: str) -> None:
    init_default_scope('mmdet')
    with pytest.raises(UserError, match=words) as error, runtime.explain_errors(Config(dict(model=detector_cfg()))):
        make()
    assert '\n' not in str(error.value) and str(error.value).startswith('the config ')


@pytest.mark.parametrize('layers', [
    (nn.Conv2d(3, 63, 1), nn.Conv2d(64, 1, 1)), (nn.Conv2d(3, 4, 1), nn.BatchNorm2d(5)),
    (nn.Flatten(), nn.Linear(7, 1))])
def test_parts_that_do_not_fit_each_other(layers: tuple[nn.Module, ...]) -> None:
    with pytest.raises(UserError, match='two parts of the model in the config do not fit each other'), \
            runtime.explain_errors(Config(dict(model=dict(type='GFL')))):
        nn.Sequential(*layers)(torch.zeros(2, 3, 4, 4))


def test_optimiser_that_mmengine_does_not_name() -> None:
    init_default_scope('mmdet')
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGDD', lr=1))
    cfg = Config(dict(model=detector_cfg(), optim_wrapper=wrapper))
    with pytest.raises(UserError, match='unknown component: SGDD; did you mean SGD'), runtime.explain_errors(cfg):
        build_optim_wrapper(nn.Linear(1, 1), wrapper)


@pytest.mark.parametrize('error', [KeyError('bbox'), TypeError('no len()'), ValueError('x is not in the y registry'),
                                   KeyError('Cannot find None in registry under scope name mmdet')])
def test_other_errors_pass_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, runtime.explain_errors(Config(dict(model=detector_cfg()))):
        raise error
    assert raised.value is error


def test_component_names_by_kind() -> None:
    assert {'SemanticFPN', 'GFL', 'Linear'} <= runtime.component_names('model')
    assert 'SGD' not in runtime.component_names('model')
    assert {'SemanticFPN', 'SGD', 'StudentNoise', 'EpochSeedHook'} <= runtime.component_names(None)
    assert runtime.component_names('no such kind') == set()


def test_a_batch_that_batch_norm_cannot_train_on() -> None:
    with pytest.raises(UserError, match=r'holds one image, .* raise train_dataloader\.batch_size'), \
            runtime.explain_errors(Config(dict(model=dict()))):
        nn.BatchNorm2d(3)(torch.zeros(1, 3, 1, 1))


def test_images_that_group_norm_cannot_normalise_in_a_test_either() -> None:
    with pytest.raises(UserError, match=r'a GroupNorm has as many groups as channels: give it fewer num_groups'), \
            runtime.explain_errors(Config(dict(model=dict()))):
        nn.GroupNorm(4, 4).eval()(torch.zeros(1, 4, 1, 1))


def test_values_that_an_optimiser_refuses() -> None:
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=-1))
    with pytest.raises(UserError, match=r'\(Invalid learning rate: -1\): correct optim_wrapper\.optimizer'), \
            runtime.explain_errors(Config(dict(optim_wrapper=wrapper))):
        build_optim_wrapper(nn.Linear(1, 1), wrapper)


@pytest.mark.parametrize('optimizer', [dict(type='SGD', lr='x'), dict(type='Adam', lr=0.1, betas=3),
                                       dict(type='AdamW', lr=0.1, weight_decay='x')])
def test_values_of_another_kind_that_an_optimiser_meets(optimizer: dict) -> None:
    wrapper = dict(type='OptimWrapper', optimizer=optimizer)
    with pytest.raises(UserError, match=r'gives its optimiser a value .*: correct optim_wrapper\.optimizer'), \
            runtime.explain_errors(Config(dict(optim_wrapper=wrapper))):
        build_optim_wrapper(nn.Linear(1, 1), wrapper)


def test_an_optimiser_of_nothing() -> None:
    wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1))
    with pytest.raises(UserError, match=r"no parameter to optimise: .*train_cfg=dict\(type='FitOnceLoop'\)"), \
            runtime.explain_errors(Config(dict(optim_wrapper=wrapper))):
        build_optim_wrapper(nn.ReLU(), wrapper)


def test_a_model_without_what_makes_a_batch(tmp_path: Path) -> None:
    model = detector_cfg()
    del model['data_preprocessor']
    cfg = runner_cfg(tmp_path / 'run', write_coco(tmp_path / 'data'), model)
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [*pipeline[:-2], dict(type='PackDetInputs')]
    with pytest.raises(UserError, match=r'has no model\.data_preprocessor, so that the model gets a list of images'), \
            runtime.explain_errors(cfg):
        runtime.build_runner(cfg).train()


def test_hooks_without_a_type() -> None:
    hooks = dict(checkpoint=dict(type='CheckpointHook'), chekpoint=dict(interval=1))
    with pytest.raises(UserError, match=r'default_hooks\.chekpoint; did you mean checkpoint'), \
            runtime.explain_errors(Config(dict(default_hooks=hooks))):
        HOOKS.build(hooks['chekpoint'])
    with pytest.raises(UserError, match='has an entry without a type'), runtime.explain_errors(Config({})):
        HOOKS.build(dict(interval=1))


def test_a_package_that_is_not_there() -> None:
    cfg = Config(dict(model=dict(type='x')))
    with pytest.raises(UserError, match=r'^the config needs a package that is not installed: TIMM requires timm'), \
            runtime.explain_errors(cfg):
        raise ImportError('TIMM requires\ntimm')


@pytest.mark.parametrize(('kind', 'name', 'scope', 'module'), [
    ('dataset', 'CocoDataset', 'mmdet', 'mmdet.datasets.coco'),
    ('dataset', 'mmdet.CocoDataset', 'mmengine', 'mmdet.datasets.coco'),
    ('dataset', 'mmdet.datasets.CocoDataset', 'mmengine', 'mmdet.datasets.coco'),
    ('dataset', 'RepeatDataset', 'mmdet', 'mmengine.dataset.dataset_wrapper'),
    ('dataset', 'torch.utils.data.TensorDataset', 'mmdet', 'torch.utils.data.dataset'),
    ('transform', 'Resize', 'mmdet', 'mmdet.datasets.transforms.transforms'),
    ('transform', 'torch.nn.Identity', 'mmdet', 'torch.nn.modules.linear'),
    ('data sampler', 'DefaultSampler', 'mmdet', 'mmengine.dataset.sampler'),
    ('data sampler', 'torch.utils.data.SequentialSampler', 'mmdet', 'torch.utils.data.sampler'),
])
def test_components_of_data_are_found_as_a_runner_finds_them(kind: str, name: str, scope: str, module: str) -> None:
    found = find_component(kind, name, scope)
    assert found.__name__ == name.split('.')[-1] and found.__module__ == module


@pytest.mark.parametrize('kind', ['dataset', 'transform', 'data sampler'])
@pytest.mark.parametrize('name', ['', '.', '.x', 'x.', 'Zqx', 'os', 'os.system', 'torch.Tensor', 'mmdet', 'mmdet.GFL',
                                  'torch.zeros', 'no_such_package.X', 'GFL'])
def test_what_is_no_component_of_data(kind: str, name: str) -> None:
    assert find_component(kind, name, 'mmdet') is None
    assert unknown_component(name, kind).startswith(f'names an unknown component: {name} ({kind}); ')


def test_the_innermost_component_is_the_one_that_failed() -> None:
    init_default_scope('mmdet')
    step = TRANSFORMS.build(dict(type='RandomApply', transforms=[dict(type='Resize', scale=(64, 48))], prob=1.0))
    with pytest.raises(Exception) as caught:
        step({})
    assert failing_component(caught.value) is TRANSFORMS.get('Resize')
    assert failing_component(ValueError('x')) is None


@pytest.mark.parametrize(('error', 'words'), [
    (ValueError('Invalid direction up'), r'ImageToTensor fails \(ValueError: Invalid direction up\), so correct'),
    (AssertionError(), r'ImageToTensor fails \(AssertionError:\), so'),
    (TypeError("'list' object is not callable"), "fails .*'list' object"),
    (AttributeError('must be x'), 'fails .*must be x'),
    (KeyError('img'), "its step ImageToTensor needs 'img', which no step before"),
])
def test_what_a_step_raises(error: Exception, words: str) -> None:
    """Whatever it is, and whether or not the model has a preprocessor."""
    class Values(dict):
        def __getitem__(self, key: str) -> None:
            raise error

    step = TRANSFORMS.build(dict(type='mmdet.ImageToTensor', keys=['img']))
    with pytest.raises(UserError, match=f'^train_dataloader of the config gives no image: .*{words}'), \
            runtime.explain_errors(Config(dict(model=dict(type='GFL'))), 'train_dataloader'):
        step(Values())


def test_what_a_step_raises_in_a_process_that_reads_images() -> None:
    """As torch's data loader raises it again: as text."""
    try:
        TRANSFORMS.build(dict(type='mmdet.Resize', scale=(64, 48)))(dict(img=3))
    except Exception:
        wrapper = ExceptionWrapper(where='in DataLoader worker process 1')
    cfg = Config(dict(model=dict(data_preprocessor=dict(type='DetDataPreprocessor'))))
    with pytest.raises(UserError, match=r'^the data of the config gives no image: \w+\.py line \d+ fails \(\w+Error'), \
            runtime.explain_errors(cfg):
        wrapper.reraise()
