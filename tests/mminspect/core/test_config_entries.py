"""Entries of another kind than they are read as."""
import pytest
from mmengine.config import Config
from mmengine.hooks import IterTimerHook

from mminspect.core.config_entries import check_entries, require_entries
from mminspect.core.errors import UserError


@pytest.mark.parametrize(('entries', 'sentence'), [
    (dict(model=3), r'^model of the config is 3: give a dict$'),
    (dict(model=[dict(type='GFL')]), '^model of the config is'),
    (dict(test_dataloader=3), '^test_dataloader of the config is 3: give a dict'),
    (dict(test_dataloader=dict(batch_size=1)), r'^test_dataloader\.dataset of the config is None: give a dict'),
    (dict(optim_wrapper=dict(optimizer=3)), r'^optim_wrapper\.optimizer of the config is 3: give a dict'),
    (dict(train_cfg='x'), "^train_cfg of the config is 'x': give a dict with the settings of the loop"),
    (dict(custom_hooks=3), '^custom_hooks of the config is 3: give a list of dicts'),
    (dict(custom_hooks=dict(type='EMAHook')), '^custom_hooks of the config is'),
    (dict(custom_hooks=[3]), r'^custom_hooks\.0 of the config is 3: give a dict'),
    (dict(default_hooks=dict(logger='x')), r"^default_hooks\.logger of the config is 'x'"),
    (dict(param_scheduler='x'), '^param_scheduler of the config is .*: give a dict or a list of dicts'),
    (dict(default_scope=3), '^default_scope of the config is 3: give text'),
])
def test_entries_of_another_kind(entries: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_entries(Config(entries))


def test_entries_that_a_runner_reads() -> None:
    check_entries(Config({}))
    check_entries(Config(dict(
        model=dict(type='A'), custom_hooks=[dict(type='A')], default_hooks=dict(timer=None, logger=dict(type='A')),
        param_scheduler=[dict(type='A')], test_evaluator=dict(type='A'), val_evaluator=[], train_cfg=None,
        train_dataloader=dict(dataset=dict(type='A')), variable=3)))
    cfg = Config(dict(model=dict(type='A')))
    cfg.custom_hooks = [IterTimerHook()]
    check_entries(cfg)


def test_entries_that_are_needed() -> None:
    cfg = Config(dict(model=dict(type='A'), train_dataloader=None))
    require_entries(cfg, 'model')
    for name in ('train_dataloader', 'test_dataloader'):
        with pytest.raises(UserError, match=f'the config has no {name}: give it one'):
            require_entries(cfg, 'model', name)
