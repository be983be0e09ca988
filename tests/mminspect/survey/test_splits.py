"""The splits of a config."""
from __future__ import annotations

from typing import Any

import pytest
from mmengine.config import Config

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS, STAGES
from mminspect.survey.findings import Finding
from mminspect.survey.items import Box, Item, Listing
from mminspect.survey.splits import LATE, Split, blame, list_splits


@pytest.fixture(autouse=True)
def one_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data sets that name their images."""
    monkeypatch.setattr(CHECKS, '_functions', {stage: {} for stage in STAGES})

    @CHECKS.register('survey')
    def listed(dataset: dict[str, Any]) -> list[Listing]:
        if 'wrong' in dataset:
            raise UserError('it is not there')
        return [Listing([Item(path, 'good') for path in paths]) for paths in dataset['parts']]

    @CHECKS.register('absence')
    def absent(dataset: dict[str, Any]) -> str | None:
        return dataset.get('absent')


def config(**datasets: dict) -> Config:
    return Config({f'{part}_dataloader': dict(dataset=dataset) for part, dataset in datasets.items()})


def test_a_test_that_is_the_validation_is_one_split() -> None:
    found = list_splits(config(train=dict(parts=[['a'], ['b']]), val=dict(parts=[['c']]), test=dict(parts=[['c']])))
    assert [(split.name, [item.path for item in split.items]) for split in found] == [
        ('train', ['a', 'b']), ('val = test', ['c'])]


def test_what_cannot_be_listed_says_why_and_does_not_hide_the_rest() -> None:
    found = list_splits(config(train=dict(wrong=1), val=dict(parts=[]), test=dict(parts=[['c']])))
    assert [(split.name, split.problem) for split in found] == [
        ('train', 'it is not there'), ('val', 'its data set is of a type that cannot be listed'), ('test', None)]


def test_a_name_that_no_file_has_is_a_reason() -> None:
    found = list_splits(config(train=dict(parts=[['a'], ['b', 'c\0d.png']]), test=dict(parts=[['c']])))
    assert [split.name for split in found] == ['train', 'test'] and found[0].listings == []
    assert found[0].problem.startswith(r"'c\x00d.png' holds a NUL character") and found[1].problem is None


def test_a_test_that_nobody_has_is_no_split() -> None:
    assert [split.name for split in list_splits(config(train=dict(parts=[['a']]), val=dict(absent='x')))] == ['train']


def test_those_of_hooks_are_listed_with_the_training() -> None:
    cfg = config(train=dict(parts=[['a']]))
    cfg.custom_hooks = [dict(type='H', holdout_dataloader=dict(dataset=dict(parts=[['b']])))]
    assert [split.name for split in list_splits(cfg)] == ['train', 'holdout of H']


def test_when_time_is_up_nothing_more_is_listed() -> None:
    calls = iter([False, True])
    found = list_splits(config(train=dict(parts=[['a']]), val=dict(wrong=1)), lambda: next(calls))
    assert [split.problem for split in found] == [None, LATE]


def test_counts_and_what_was_left_out() -> None:
    boxes = (Box('hair', 0, 0, 1, 1), Box('hair', 0, 0, 1, 1))
    one = Listing([Item('a', boxes=boxes), Item('b')], {'no object': 2}, {'crowd': 1}, ('hair', 'dust'))
    split = Split('train', [one, Listing([Item('c', 'good')], {'no object': 1})])
    assert split.counts() == {'hair': 2, 'dust': 0, 'good': 1}
    assert split.left_out() == {'no object': 3} and split.left_out(objects=True) == {'crowd': 1}
    assert split.classes == ('hair', 'dust')



def test_a_split_that_cannot_be_listed_says_what_the_check_says() -> None:
    splits = [Split('train', problem="KeyError: 'bbox'"), Split('val = test', problem='b'), Split('holdout of H')]
    blame(splits, [Finding('warning', 'train_dataloader', 'it is odd'),
                   Finding('error', 'val_dataloader, train_dataloader', 'boxes are missing'),
                   Finding('error', 'train_dataloader, holdout_dataloader of H', 'another one')])
    assert [split.problem for split in splits] == ['boxes are missing', 'boxes are missing', None]
    alone = Split('train', problem='its files are missing')
    blame([alone], [Finding('error', 'val_dataloader', 'boxes are missing')])
    assert alone.problem == 'its files are missing'


def test_images_that_the_training_keeps_back_are_a_split() -> None:
    @CHECKS.register('holdout')
    def kept(cfg: Config) -> dict | None:
        return cfg.get('kept')

    cfg = config(train=dict(parts=[['a']]))
    assert [split.name for split in list_splits(cfg)] == ['train']
    cfg.kept = dict(dataset=dict(parts=[['b', 'c']]))
    assert [(split.name, len(split.items)) for split in list_splits(cfg)] == [('train', 1), ('hold-out', 2)]
    cfg.custom_hooks = [dict(type='H', holdout_dataloader=dict(dataset=dict(parts=[['b', 'c']])))]
    assert [split.name for split in list_splits(cfg)] == ['train', 'holdout of H = hold-out']


def test_what_is_kept_back_wrongly_says_why() -> None:
    @CHECKS.register('holdout')
    def kept(cfg: Config) -> dict | None:
        raise UserError('some keep images back')

    found = list_splits(config(train=dict(parts=[['a']])))
    assert [(split.name, split.problem) for split in found] == [('train', None), ('hold-out', 'some keep images back')]
