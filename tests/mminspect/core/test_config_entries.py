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
    (dict(train_dataloader=dict(dataset=dict(type='A'), sampler=[3])), r'^train_dataloader\.sampler of .* give a dict'),
    (dict(model='x' * 500), r'^model of the config is .{117}\.\.\.: give a dict$'),
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


@pytest.mark.parametrize(('test_cfg', 'words'), [
    (dict(score_thr=float('nan')), r'^model\.test_cfg\.score_thr of the config is nan: give a score from 0 to 1$'),
    (dict(score_thr=-0.1), 'score_thr'), (dict(score_thr=1.5), 'score_thr'),
    (dict(max_per_img=-1), 'give a whole number, 1 or more'), (dict(max_per_img=0), 'max_per_img'),
    (dict(max_per_img=2.5), 'max_per_img of the config is 2.5'), (dict(nms_pre=-2), 'nms_pre'),
    (dict(nms_pre=0), r'^model\.test_cfg\.nms_pre of the config is 0: give a whole number above 0, or -1 for all$'),
    (dict(nms=dict(type='nms', iou_threshold=1.5)), r'^model\.test_cfg\.nms\.iou_threshold of'),
    (dict(rpn=dict(max_per_img=0)), r'^model\.test_cfg\.rpn\.max_per_img'),
])
def test_limits_that_would_keep_or_drop_boxes_in_silence(test_cfg: dict, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_entries(Config(dict(model=dict(type='GFL', test_cfg=test_cfg))))


def test_limits_that_can_be() -> None:
    check_entries(Config(dict(
        model=dict(type='GFL', test_cfg=dict(score_thr=0.0, max_per_img=1, nms_pre=-1, nms=dict(iou_threshold=1))),
        test_cfg=dict(type='TestLoop', max_per_img=-1), other=dict(max_per_img=-1), big=float('inf'))))


def test_a_value_that_is_no_number_anywhere() -> None:
    for entries, path in ((dict(model=dict(a=[1, dict(b=float('nan'))])), r'model\.a\.1\.b'),
                          (dict(param_scheduler=[dict(begin=float('nan'))]), r'param_scheduler\.0\.begin')):
        with pytest.raises(UserError, match=f'^{path} of the config is nan: give a number$'):
            check_entries(Config(entries))


@pytest.mark.parametrize(('preprocessor', 'sentence'), [
    (dict(pad_size_divisor=0), r'^model\.data_preprocessor\.pad_size_divisor of the config is 0: give a whole'),
    (dict(pad_size_divisor=-32), 'pad_size_divisor of the config is -32'),
    (dict(batch_augments=[dict(type='A', size_divisor=0)]), r'batch_augments\.0\.size_divisor of the config is 0'),
    (dict(std=[0, 0, 0]), r'^model\.data_preprocessor\.std\.0 of the config is 0: give numbers above 0'),
    (dict(std=[58.4, 57.1, -1.0]), r'std\.2 of the config is -1\.0'), (dict(std=0), r'std of the config is 0')])
def test_what_a_data_preprocessor_divides_by(preprocessor: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_entries(Config(dict(model=dict(type='GFL', data_preprocessor=preprocessor))))
    good = dict(pad_size_divisor=1, mean=[0, 0, 0], std=[1e-3, 1, 58.4])
    check_entries(Config(dict(model=dict(data_preprocessor=good, noise=dict(std=0)))))


@pytest.mark.parametrize('seed', [-1, 99999999999999, 2**32, 1.5, 'x', True])
def test_seeds_that_no_generator_takes(seed: object) -> None:
    with pytest.raises(UserError, match=r'^randomness\.seed of .* is .*: give a whole number from 0 to 4294967295'):
        check_entries(Config(dict(randomness=dict(seed=seed))))
    for good in (0, 2**32 - 1, None):
        check_entries(Config(dict(randomness=dict(seed=good, deterministic=True))))
