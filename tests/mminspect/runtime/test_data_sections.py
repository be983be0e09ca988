"""The shape of data sections, and what they name."""
import copy
from typing import Any

import pytest
from mmdet.datasets import CocoDataset
from mmengine.config import Config

import anomaly_rd  # noqa: F401 (registers its components)
from mminspect.core.errors import UserError
from mminspect.runtime.data_sections import check_loader, check_sets, check_shape

SAMPLER = dict(type='DefaultSampler', shuffle=True)
COCO = dict(type='CocoDataset', data_root='data', ann_file='train.json', data_prefix=dict(img='images'),
            metainfo=dict(classes=('a', 'b')), filter_cfg=dict(filter_empty_gt=False),
            pipeline=[dict(type='LoadInspectionImage'), dict(type='mmdet.Resize', scale=(64, 48)),
                      dict(type='PackDetInputs')])
GOOD = dict(type='anomaly_rd.FolderDataset', data_root='good', pipeline=[dict(type='anomaly_rd.PackAnomalyInputs')])
WRAPPED = dict(type='RepeatDataset', times=2, dataset=dict(type='ConcatDataset', datasets=[COCO, GOOD]))


def config(dataset: Any, **more: Any) -> Config:
    loader = dict(sampler=SAMPLER, dataset=dataset, **more)
    return Config(copy.deepcopy(dict(default_scope='mmdet', train_dataloader=loader)))


def check(cfg: Config) -> None:
    check_shape(cfg)
    check_loader(cfg, 'train_dataloader', cfg.train_dataloader)


@pytest.mark.parametrize('dataset', [
    COCO, GOOD, WRAPPED, dict(type=CocoDataset, pipeline=[len]), dict(type='mmdet.datasets.CocoDataset'),
    dict(type='RepeatDataset', dataset=dict(COCO, pipeline=None)), dict(COCO, pipeline=(dict(type=dict),))])
def test_sections_that_can_be(dataset: dict) -> None:
    check(config(dataset))


def test_all_data_sets_have_their_place() -> None:
    places = [place for place, _ in check_sets(Config({}), 'train_dataloader.dataset', WRAPPED)]
    assert places == ['train_dataloader.dataset', 'train_dataloader.dataset.dataset',
                      'train_dataloader.dataset.dataset.datasets.0', 'train_dataloader.dataset.dataset.datasets.1']


def steps(*found: Any) -> dict:
    return dict(COCO, pipeline=list(found))


@pytest.mark.parametrize(('dataset', 'place', 'words'), [
    (dict(WRAPPED, dataset=None), 'dataset.dataset', 'is None: give a dict with the type and the arguments of a data'),
    (dict(WRAPPED, dataset='x'), 'dataset.dataset', "is 'x': give a dict"),
    (dict(type='ConcatDataset', datasets=[]), 'dataset.datasets', r'is \[\]: give a list of data sets, one at least'),
    (dict(type='ConcatDataset', datasets=None), 'dataset.datasets', 'is None: give a list'),
    (dict(type='ConcatDataset', datasets=COCO), 'dataset.datasets', 'is {.*: give a list'),
    (dict(type='ConcatDataset', datasets=[COCO, None]), r'dataset.datasets.1', 'is None: give a dict'),
    (dict(data_root='x'), 'dataset', 'has no type; name the component'),
    (dict(tyep='CocoDataset'), 'dataset', "has no type; is it what 'tyep' was to be"),
    (dict(COCO, type=3), 'dataset.type', 'is 3: give the name of a component'),
    (dict(COCO, type=''), 'dataset.type', "is '': give the name"),
    (dict(COCO, type=['CocoDataset']), 'dataset.type', 'is .*: give the name'),
    (dict(COCO, pipeline=1.5), 'dataset.pipeline', r'is 1\.5: give a list of steps'),
    (dict(COCO, pipeline='x'), 'dataset.pipeline', "is 'x': give a list of steps"),
    (dict(COCO, pipeline=dict(type='Resize')), 'dataset.pipeline', 'is .*: give a list of steps'),
    (steps(dict(type='PackDetInputs'), None), 'dataset.pipeline.1', 'is None: give a dict'),
    (steps('LoadInspectionImage'), 'dataset.pipeline.0', "is 'LoadInspectionImage': give a dict"),
    (steps([]), 'dataset.pipeline.0', r'is \[\]: give a dict'), (steps({}), 'dataset.pipeline.0', 'has no type'),
    (steps(dict(types='PackDetInputs')), 'dataset.pipeline.0', "has no type; is it what 'types' was to be"),
    (dict(WRAPPED, pipeline=[3]), 'dataset.pipeline.0', 'is 3: give a dict'),
])
def test_shapes_that_cannot_be(dataset: dict, place: str, words: str) -> None:
    with pytest.raises(UserError, match=f'^train_dataloader.{place} of the config {words}'):
        check_shape(config(dataset))
    with pytest.raises(UserError, match=f'^train_dataloader.{place} of the config {words}'):  # it may come later
        cfg = config(COCO)
        check_loader(cfg, 'train_dataloader', dict(sampler=SAMPLER, dataset=dataset))


@pytest.mark.parametrize(('step', 'place'), [
    (dict(type='Resize', scale=(0, 0), keep_ratio=True), 'scale'), (dict(type='mmdet.Resize', scale=(-5, 9)), 'scale'),
    (dict(type='Resize', scale_factor=0.0), 'scale_factor'),
    (dict(type='RandomChoiceResize', scales=[(64, 0)]), 'scales'),
    (dict(type='RandomApply', transforms=[dict(type='Resize', scale=0)], prob=0.5), 'transforms.0.scale'),
    (dict(type='anomaly_rd.ResizeInspection', size=(0, 64)), 'size')])
def test_sizes_that_no_image_has(step: dict, place: str) -> None:
    with pytest.raises(UserError, match=rf'^train_dataloader\.dataset\.pipeline\.1\.{place} of .* numbers above 0'):
        check(config(steps(dict(type='LoadInspectionImage'), step)))
    check(config(steps(dict(type='Resize', scale=None, scale_factor=0.5), dict(type='RandomFlip', prob=0.0))))


@pytest.mark.parametrize('loader', [3, [], dict(batch_size=1), dict(dataset=3)])
def test_loaders_of_hooks(loader: Any) -> None:
    place = r'custom_hooks\.1\.holdout_dataloader of the config is .*: give a dict with the entry dataset'
    with pytest.raises(UserError, match=place):
        check_shape(Config(dict(custom_hooks=[dict(type='A'), dict(type='B', holdout_dataloader=loader)])))
    check_shape(Config(dict(custom_hooks=[dict(type='B', holdout_dataloader=None)])))


@pytest.mark.parametrize('name', ['CocoDatset', '.', '..x', 'mmdet', 'a.b.c', 'os.system', 'torch.Tensor', 'x y',
                                  'mmdet.X', 'PackDetInputs', 'os.path'])
def test_names_of_no_data_set(name: str) -> None:
    for dataset, place in ((dict(COCO, type=name), 'dataset'), (dict(WRAPPED, dataset=dict(COCO, type=name)),
                                                                'dataset.dataset')):
        with pytest.raises(UserError, match=f'train_dataloader.{place} of the config names an unknown component: '
                                            rf'{name} \(dataset\); ') as caught:
            check(config(dataset))
    assert ('did you mean CocoDataset' in str(caught.value)) == (name == 'CocoDatset')


@pytest.mark.parametrize('name', ['Resise', '.', 'mmdet', 'os.system', 'torch.Tensor', 'CocoDataset', 'DefaultSampler'])
def test_names_of_no_step(name: str) -> None:
    with pytest.raises(UserError, match=rf'dataset\.pipeline\.0 of .* unknown component: {name} \(transform\)'):
        check(config(steps(dict(type=name))))


@pytest.mark.parametrize('name', ['DefaultSampl', '.', 'os.system', 'torch.Tensor', 'CocoDataset'])
def test_names_of_no_sampler(name: str) -> None:
    for key in ('sampler', 'batch_sampler'):
        cfg = config(COCO)
        cfg.train_dataloader[key] = dict(type=name)
        with pytest.raises(UserError, match=rf'train_dataloader\.{key} of .* unknown component: {name} \(data sampler'):
            check(cfg)


@pytest.mark.parametrize(('key', 'value', 'words'), [
    ('collate_fn', dict(type='pseudo_colate'), r'pseudo_colate \(function\); did you mean pseudo_collate'),
    ('collate_fn', dict(type='os.system'), r'unknown component: os\.system \(function'),
    ('collate_fn', 'pseudo_collate', "collate_fn of the config is 'pseudo_collate': give a dict"),
    ('collate_fn', {}, r'train_dataloader\.collate_fn of the config has no type'),
    ('worker_init_fn', 'seed_worker', 'worker_init_fn of the config is .*: give a dict'),
    ('worker_init_fn', None, 'worker_init_fn of the config is None: give a dict'),
    ('worker_init_fn', len, 'worker_init_fn of the config is .*: give a dict'),
    ('worker_init_fn', dict(type='x'), 'unknown component: x'),
])
def test_functions_of_a_loader(key: str, value: Any, words: str) -> None:
    cfg = config(COCO)
    check_loader(cfg, 'train_dataloader', dict(cfg.train_dataloader, worker_init_fn=dict(type='seed_worker'),
                                               collate_fn=dict(type='mmengine.dataset.utils.default_collate')))
    check_loader(cfg, 'train_dataloader', dict(cfg.train_dataloader, collate_fn=list))
    with pytest.raises(UserError, match=words):
        check_loader(cfg, 'train_dataloader', dict(cfg.train_dataloader, **{key: value}))


def test_a_sampler_without_a_type() -> None:
    cfg = config(COCO)
    cfg.train_dataloader.sampler.pop('type')
    with pytest.raises(UserError, match=r'^train_dataloader\.sampler of the config has no type'):
        check_loader(cfg, 'train_dataloader', cfg.train_dataloader)


def test_a_training_in_the_same_order_in_every_epoch() -> None:
    for more, count in ((dict(sampler=None), 1), ({}, 1), (dict(shuffle=False), 1),
                        (dict(sampler=None, shuffle=True), 0), (dict(sampler=SAMPLER), 0),
                        (dict(batch_sampler=dict(type='AspectRatioBatchSampler')), 0)):
        found = check_loader(config(COCO), 'train_dataloader', dict(dataset=COCO, **more))
        assert len(found) == count and all('same order in every epoch' in text for text in found)
        assert check_loader(config(COCO), 'test_dataloader', dict(dataset=COCO, **more)) == []
