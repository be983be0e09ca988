"""The first image of a data loader, before a run begins."""
import copy
import logging
import random
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger, print_log
from mmengine.registry import DATASETS, TRANSFORMS, DefaultScope

from helpers import detector_cfg, runner_cfg, write_coco
from mminspect import runtime
from mminspect.core.errors import UserError


class Loud(BaseDataset):
    """Says much, and draws random numbers."""

    def load_data_list(self) -> list[dict]:
        print('much')
        print_log('more', logger='current', level=logging.WARNING)
        warnings.warn('and more', stacklevel=1)
        return [dict(inputs=(random.random(), np.random.rand(), torch.rand(1)))]


class Broken:
    def __call__(self, results: dict) -> dict:
        raise ZeroDivisionError('a mistake')


@pytest.fixture
def components(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry, kind in ((DATASETS, Loud), (TRANSFORMS, Broken)):
        monkeypatch.setitem(registry._module_dict, kind.__name__, kind)


LOAD, BOXES, PACK = dict(type='LoadInspectionImage'), dict(type='LoadAnnotations', with_bbox=True), dict(
    type='PackDetInputs')
RESIZE = dict(type='Resize', scale=(64, 48), keep_ratio=True)


def config(folder: Path) -> Config:
    return with_steps(runner_cfg(folder / 'run', write_coco(folder / 'data'), detector_cfg()), LOAD, BOXES, PACK)


def with_steps(cfg: Config, *steps: Any) -> Config:
    cfg.train_dataloader.dataset.pipeline = [*map(copy.deepcopy, steps)]
    return cfg


def refused(cfg: Config) -> str:
    with pytest.raises(UserError) as caught:
        runtime.check_data(cfg, ('train_dataloader', ))
    assert '\n' not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(('steps', 'words'), [
    ([BOXES, PACK], 'gives data_samples, and no inputs for a model'),
    ([PACK, LOAD, BOXES], "its step LoadInspectionImage needs 'img_path', which no step before it gives"),
    ([RESIZE, LOAD, BOXES, PACK], "its step Resize needs 'scale_factor', which no step before it gives"),
    ([LOAD, BOXES, RESIZE], 'gives img_path, .* and no inputs for a model: let it end with a step that packs them'),
    ([], 'gives .*img_path.* and no inputs for a model'),
    ([LOAD, BOXES, dict(RESIZE, scale=(64, None)), PACK], r'Resize fails \(\w+: .*\), so correct its values'),
    ([LOAD, BOXES, dict(type='Broken'), PACK], r'Broken fails \(ZeroDivisionError: a mistake\)'),
    ([LOAD, dict(BOXES, with_box=True), PACK], "an argument that its component does not have: .*'with_box'"),
])
def test_steps_that_do_not_fit_each_other(tmp_path: Path, components: None, steps: list, words: str) -> None:
    assert re.search(words, refused(with_steps(config(tmp_path), *steps)))


def test_steps_that_fit_each_other(tmp_path: Path) -> None:
    runtime.check_data(with_steps(config(tmp_path), LOAD, BOXES, RESIZE, PACK), ('train_dataloader', ))
    assert DefaultScope.get_current_instance() is None  # which is the Runner's to set


@pytest.mark.parametrize(('more', 'words'), [
    (dict(persistent_workers=True), 'DataLoader fails .*persistent_workers option needs num_workers > 0'),
    (dict(batch_sizes=3), "an argument that its component does not have: .*'batch_sizes'"),
    (dict(sampler=dict(type='DefaultSampler', shufle=True)), "does not have: .*'shufle'"),
    (dict(sampler=dict(type='InfiniteSampler', shuffle=True, seed=0, step=3)), "does not have: .*'step'"),
])
def test_loaders_that_cannot_be_built(tmp_path: Path, more: dict, words: str) -> None:
    cfg = config(tmp_path)
    cfg.train_dataloader.update(more)
    assert re.search(words, refused(cfg))


@pytest.mark.parametrize('times', [dict(), dict(times='x'), dict(times=-1)])
def test_wrappers_with_wrong_values(tmp_path: Path, times: dict) -> None:
    cfg = config(tmp_path)
    cfg.train_dataloader.dataset = dict(type='RepeatDataset', dataset=cfg.train_dataloader.dataset, **times)
    refused(cfg)


def test_nothing_is_said_and_nothing_random_changes(components: None, messages: list[str], capsys,
                                                    recwarn: pytest.WarningsRecorder) -> None:
    cfg = Config(dict(model={}, train_dataloader=dict(
        batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dict(type='Loud', pipeline=[]))))
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.random.get_rng_state().tolist()
    runtime.check_data(cfg, ('train_dataloader', ))
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.random.get_rng_state().tolist()
    assert before == after
    assert not any('more' in text for text in messages) and 'much' not in capsys.readouterr().out and not [
        one for one in recwarn if 'more' in str(one.message)]
    print_log('heard', logger='current', level=logging.WARNING)
    assert messages[-1] == 'heard' and not MMLogger.get_current_instance().disabled


def test_a_failure_behind_the_first_image_is_one_sentence_too(tmp_path: Path, components: None) -> None:
    """In this process and in one that reads images."""
    for workers in (0, 1):
        cfg = config(tmp_path / str(workers))
        cfg.train_dataloader.num_workers = workers
        steps = cfg.train_dataloader.dataset.pipeline
        cfg.train_dataloader.dataset.pipeline = [*steps[:-1], dict(type='Broken'), steps[-1]]
        with pytest.raises(UserError, match=r'gives no image: .*fails \(ZeroDivisionError: a mistake\)'), \
                runtime.explain_errors(cfg):
            runtime.build_runner(cfg).train()
