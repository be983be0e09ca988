"""What the checks before a training say, of every dataloader."""
from __future__ import annotations

from typing import Any

import pytest
from mmengine.config import Config

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS, STAGES
from mminspect.survey.findings import Finding, check_findings


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHECKS, '_functions', {stage: {} for stage in STAGES})


def config(**names: str) -> Config:
    loaders = {f'{part}_dataloader': dict(batch_size=1, num_workers=0, dataset=dict(name=name))
               for part, name in names.items()}
    return Config(dict(model=dict(), **loaders))


def test_an_error_of_one_split_does_not_hide_the_others() -> None:
    @CHECKS.register('data')
    def look(dataset: dict[str, Any]) -> list[str]:
        if dataset['name'] == 'bad':
            raise UserError('the file\n is damaged')
        return [f'{dataset["name"]} is odd']

    @CHECKS.register('split')
    def compare(train: dict, other: dict, name: str) -> None:
        if other['name'] == 'c':
            raise UserError(f'{name} is trained on')

    assert check_findings(config(train='a', val='bad', test='c')) == [
        Finding('warning', 'train_dataloader', 'a is odd'),
        Finding('error', 'val_dataloader', 'the file is damaged'),
        Finding('warning', 'test_dataloader', 'c is odd'),
        Finding('error', 'test_dataloader', 'test_dataloader is trained on')]


def test_one_data_set_of_two_loaders_is_compared_once() -> None:
    @CHECKS.register('split')
    def compare(train: dict, other: dict, name: str) -> list[str]:
        return [f'{name} is trained on']

    (both, ) = check_findings(config(train='a', val='b', test='b'))
    assert both == Finding('warning', 'val_dataloader, test_dataloader', 'val_dataloader is trained on')
    assert both.compares
    assert [one.place for one in check_findings(config(train='a', val='b', test='c'))] == [
        'val_dataloader', 'test_dataloader']


def test_what_two_say_is_told_once() -> None:
    @CHECKS.register('data')
    def look(dataset: dict[str, Any]) -> list[str]:
        return ['it is odd'] if dataset['name'] == 'b' else []

    assert check_findings(config(train='a', val='b', test='b')) == [
        Finding('warning', 'val_dataloader, test_dataloader', 'it is odd')]


def test_a_model_that_does_not_fit_and_a_batch_of_nothing() -> None:
    @CHECKS.register('model')
    def fit(model: dict, dataset: dict) -> None:
        if dataset['name'] == 'b':
            raise UserError('the head has two classes')

    cfg = config(train='a', val='b')
    cfg.train_dataloader.batch_size = 0
    assert [(one.level, one.place) for one in check_findings(cfg)] == [
        ('error', 'train_dataloader'), ('error', 'val_dataloader')]


def test_test_images_that_nobody_has_are_a_warning() -> None:
    @CHECKS.register('absence')
    def nowhere(dataset: dict[str, Any]) -> str | None:
        return 'data/test' if dataset['name'] == 'b' else None

    (found, ) = check_findings(config(train='a', val='b', test='b'))
    assert found.level == 'warning' and "'data/test' does not exist" in found.text


def test_no_training_no_comparison_with_it() -> None:
    assert check_findings(config(test='a')) == []


def test_test_images_that_are_missing_on_purpose_are_no_finding() -> None:
    @CHECKS.register('absence')
    def absent(dataset: dict[str, Any]) -> str | None:
        return 'x/test' if dataset['name'] == 'none' else None

    cfg = config(train='a', test='none')
    finding, = check_findings(cfg)
    assert finding.level == 'warning' and "there are no test images ('x/test'" in finding.text
    cfg.no_test_images = True
    assert check_findings(cfg) == []
