"""A config in a checkpoint is data and comes back as it was."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from helpers import ROOT
from mminspect.core.errors import UserError
from mminspect.inspection.load import config_for
from mminspect.models.checkpoint import Checkpoint
from mminspect.models.stored_config import CONFIG_KEY, as_stored
from mminspect.runtime import load_config

CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)


def stored(**values: Any) -> Checkpoint:
    return Checkpoint('a.pth', dict(state_dict={}, config=dict(name='a.py', values=values)))


def test_a_config_comes_back_from_a_file_as_it_was(tmp_path: Path) -> None:
    cfg = Config(dict(a=(1, 2.5, None), b=dict(c=[True, 'text', dict(d=())]), e=float('inf')))
    torch.save({CONFIG_KEY: as_stored(cfg), 'state_dict': {}}, tmp_path / 'a.pth')
    again = Checkpoint.open(tmp_path / 'a.pth').config()
    assert again.to_dict() == cfg.to_dict() and isinstance(again.a, tuple) and again.filename == 'model'


def test_a_class_in_a_config_becomes_its_name() -> None:
    cfg = Config(dict(model=dict(type=torch.nn.Linear, in_features=3)))
    assert as_stored(cfg)['values'] == dict(model=dict(type='Linear', in_features=3))


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_every_config_of_the_project_may_be_stored(path: Path) -> None:
    cfg = load_config(str(path))
    content = dict(state_dict={}, **{CONFIG_KEY: as_stored(cfg)})
    again = config_for(Checkpoint('a.pth', content))
    assert again.filename == path.name and again.test_dataloader == cfg.test_dataloader
    if 'teacher_config' not in cfg.model:
        assert again.model == cfg.model
    # as checkpoints of the version before hold it
    old = Checkpoint('a.pth', dict(state_dict={}, meta=dict(cfg=cfg.pretty_text, experiment_name=f'{path.stem}_2_3')))
    assert old.config().test_dataloader == cfg.test_dataloader and old.config().filename == path.name


@pytest.mark.parametrize('values', [None, 3, 'text', [1], dict(filename='a')])
def test_damaged_entries(values: Any) -> None:
    checkpoint = Checkpoint('a.pth', dict(state_dict={}, config=dict(name='a', values=values)))
    with pytest.raises(UserError, match='cannot be read as data'):
        checkpoint.config()


def test_pickled_annotations_are_not_read() -> None:
    cfg = stored(test_dataloader=dict(dataset=dict(ann_file='evil.PKL', other='b.pkl.png'))).config()
    assert cfg.test_dataloader.dataset == dict(ann_file=None, other='b.pkl.png')
