"""Configs and built data sets in wrappers of all kinds."""
import copy

import pytest
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset, RepeatDataset
from mmengine.dataset import ConcatDataset as Concatenated
from torch.utils.data import ConcatDataset as Joined
from torch.utils.data import Subset

from mminspect.core.errors import UserError
from mminspect.runtime.dataset_cfg import (
    component_name,
    leaf_datasets,
    leaves,
    parts_of,
    pipelines,
    representative,
    with_pipeline,
)

A, B, C = (dict(type='X', data_root=name, pipeline=[f'load {name}']) for name in 'abc')
NESTED = dict(type='ConcatDataset', datasets=[
    dict(type='RepeatDataset', times=3, dataset=A),
    dict(type='mmdet.MultiImageMixDataset', pipeline=['mosaic'],
         dataset=dict(type='ConcatDataset', datasets=[B, dict(type='ClassBalancedDataset', dataset=C)]))])


class Numbers(BaseDataset):
    def load_data_list(self):
        return [dict(number=i) for i in range(3)]


def test_leaves_are_the_entries_themselves_in_order():
    cfg = ConfigDict(copy.deepcopy(NESTED))
    assert [leaf['data_root'] for leaf in leaves(cfg)] == ['a', 'b', 'c']
    for leaf in leaves(cfg):
        leaf['category'] = 'screw'
    assert cfg.datasets[0].dataset.category == cfg.datasets[1].dataset.datasets[1].dataset.category == 'screw'
    assert leaves(A) == [A] and leaves({}) == [{}] and leaves(dict(datasets=[])) == []


def test_steps_of_a_wrapper_come_behind_those_of_every_part():
    assert pipelines(NESTED) == [['load a'], ['load b', 'mosaic'], ['load c', 'mosaic']]
    assert pipelines(dict(type='X')) == [[]]


def test_every_image_once_through_another_pipeline():
    before = copy.deepcopy(NESTED)
    changed = with_pipeline(NESTED, ['test'])
    assert NESTED == before
    one = [dict(part, pipeline=['test']) for part in (A, B, C)]
    assert changed == dict(type='ConcatDataset', datasets=[one[0], dict(type='ConcatDataset', datasets=one[1:])])
    chosen = dict(type='FirstTenth', dataset=A)  # a wrapper that leaves images out goes on doing so
    assert with_pipeline(chosen, ['test']) == dict(type='FirstTenth', dataset=one[0])


def test_one_leaf_stands_for_those_that_agree():
    joined = dict(type='ConcatDataset', datasets=[A, dict(A, data_root='z')])
    assert representative(joined, ('type', 'pipeline')) is A
    with pytest.raises(UserError, match=r'ConcatDataset of test_dataloader differ in pipeline, .* the same pipeline'):
        representative(NESTED, ('pipeline', ))
    with pytest.raises(UserError, match='ConcatDataset of val_dataloader has no data set'):
        representative(dict(type='ConcatDataset', datasets=[]), (), 'val_dataloader')


def test_built_data_sets():
    first, second = Numbers(), Numbers()
    joined = Concatenated([first, second])
    assert leaf_datasets(joined) == [first, second] and leaf_datasets(first) == [first]
    assert leaf_datasets(Joined([RepeatDataset(second, 2), joined])) == [second, first, second]
    subset = Subset(joined, [0, 5])
    assert leaf_datasets(subset) == [subset]  # its images are not all of the data set in it


def test_what_is_directly_in_a_wrapper():
    assert parts_of(NESTED) == NESTED['datasets'] and parts_of(NESTED['datasets'][0]) == [A] and parts_of(A) is None


def test_names_of_data_sets_and_steps():
    for config in (dict(type='mmdet.Numbers'), dict(type='Numbers'), dict(type=Numbers), Numbers()):
        assert component_name(config) == 'Numbers'
    assert component_name({}) == '' and component_name(len) == 'builtin_function_or_method'
