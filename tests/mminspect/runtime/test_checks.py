import copy
import errno
from pathlib import Path

import pytest
from mmengine.config import Config

from helpers import detector_cfg
from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.runtime import CheckRegistry, checks


@pytest.fixture
def registry(monkeypatch) -> CheckRegistry:
    """Without the checks of the projects."""
    monkeypatch.setattr(checks, 'CHECKS', CheckRegistry())
    return checks.CHECKS


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


def test_data_checks_see_the_named_parts_and_their_warnings_are_logged(registry: CheckRegistry,
                                                                       messages: list[str]) -> None:
    seen: list[dict] = []
    registry.register('data', 'a')(lambda dataset: seen.append(dataset) or ['odd but allowed'])
    registry.register('model', 'a')(lambda model, dataset: seen.append({**model, **dataset}))
    cfg = Config(dict(model=dict(depth=18), train_dataloader=dict(dataset=dict(type='A')),
                      test_dataloader=dict(dataset=dict(type='B'))))
    runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
    assert seen == [dict(depth=18, type='A'), dict(type='A')] and messages == ['train_dataloader: odd but allowed']


def test_projects_add_their_checks(tmp_path: Path) -> None:
    dataset = dict(type='CocoDataset', ann_file=str(tmp_path / 'gone.json'), metainfo=dict(classes=('a', 'b')))
    loader = dict(dataset=dataset, sampler=dict(type='DefaultSampler'))
    for model, words in ((detector_cfg(), r'gone\.json'), (detector_cfg(classes=3), 'num_classes=3')):
        cfg = Config(dict(default_scope='mmdet', model=model, train_dataloader=loader))
        with pytest.raises(UserError, match=words):
            runtime.check_data(cfg, ('train_dataloader', ))


def test_hooks_bring_data_of_their_own_and_all_of_it_is_compared_with_the_training(registry: CheckRegistry) -> None:
    seen, compared = [], []
    registry.register('data', 'a')(lambda dataset: seen.append(dataset['type']) or [])
    registry.register('split', 'a')(lambda train, other, name: compared.append((train['type'], other['type'], name)))
    loaders = {f'{part}_dataloader': dict(dataset=dict(type=part)) for part in ('train', 'val', 'test')}
    hooks = [dict(type='A', holdout_dataloader=dict(dataset=dict(type='holdout'))), dict(type='B'),
             dict(type='C', holdout_dataloader=None)]
    cfg = Config(dict(model={}, custom_hooks=hooks, **loaders))
    runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
    assert seen == ['train', 'val', 'holdout']
    assert sorted(compared) == [('train', 'holdout', 'holdout_dataloader of A'), ('train', 'test', 'test_dataloader'),
                                ('train', 'val', 'val_dataloader')]
    compared.clear()
    runtime.check_data(cfg, ('test_dataloader', ))  # a model is also tested where nobody has the training's images
    assert compared == [] and seen[3:] == ['test']


def test_validation_is_left_out_where_nobody_has_test_images(registry: CheckRegistry, messages: list[str]) -> None:
    parts = dict(val_dataloader=dict(dataset=dict(type='A')), val_cfg=dict(type='B'), val_evaluator=dict(type='C'))
    registry.register('absence', 'a')(lambda dataset: None)
    registry.register('absence', 'b')(lambda dataset: dataset['absent'])
    for found, left_out in ((None, False), ('data/test', True)):
        parts['val_dataloader']['dataset']['absent'] = found
        cfg = Config(dict(parts))
        runtime.skip_missing_validation(cfg)
        assert [cfg[key] is None for key in parts] == [left_out] * 3
    assert len(messages) == 1 and "'data/test' does not exist" in messages[0] and 'WITHOUT validation' in messages[0]
    runtime.skip_missing_validation(Config({}))


@pytest.mark.parametrize('length', [dict(max_epochs=0), dict(max_iters=-1), dict(max_epochs=0.5)])
def test_a_training_of_no_length(length: dict, registry: CheckRegistry) -> None:
    with pytest.raises(UserError, match=r'train_cfg\.max_.* give a whole number, 1 or more'):
        runtime.check_length(Config(dict(train_cfg=length)))
    seen = []
    registry.register('length', 'a')(lambda cfg: seen.append(cfg))
    runtime.check_length(cfg := Config(dict(train_cfg=dict(max_epochs=1))))
    assert seen == [cfg]


@pytest.mark.parametrize('loop', [dict(val_interval=0), dict(val_interval=-1), dict(val_interval=0.5),
                                  dict(val_begin=-1), dict(val_interval='often')])
def test_a_validation_that_never_comes(loop: dict) -> None:
    with pytest.raises(UserError, match=r'train_cfg\.val_(interval|begin) of .* give a whole number, [01] or more'):
        runtime.check_length(Config(dict(train_cfg=dict(max_epochs=1, **loop))))
    runtime.check_length(Config(dict(train_cfg=dict(max_epochs=1, val_interval=5, val_begin=0))))


def test_a_training_that_does_nothing_by_its_config_is_told(messages: list[str]) -> None:
    loop, loader = dict(max_epochs=3), dict(dataset=dict(type='A'))
    optimizer = dict(optimizer=dict(type='SGD', lr=0.1))
    late = dict(loop, val_begin=3)
    runtime.check_length(Config(dict(train_cfg=late, val_dataloader=loader, optim_wrapper=optimizer)))
    runtime.check_length(Config(dict(train_cfg=dict(loop, val_begin=100), val_dataloader=None)))
    assert messages == []
    runtime.check_length(Config(dict(train_cfg=dict(loop, val_begin=4), val_dataloader=loader)))
    assert 'train_cfg.val_begin of None is 4, behind the end of the training (3)' in messages[0]
    assert 'WITHOUT validation' in messages[0]
    runtime.check_length(Config(dict(train_cfg=dict(max_iters=9, val_begin=10), val_dataloader=loader)))
    parts = dict(constructor='X', student=optimizer, head=dict(optimizer=dict(type='SGD', lr=0)))
    runtime.check_length(Config(dict(train_cfg=loop, optim_wrapper=parts)))
    assert len(messages) == 3 and 'optim_wrapper.head.optimizer.lr of None is 0' in messages[2]


def test_option_that_names_another_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match='choose another --out'):
        runtime.prepare_work_dir(str(tmp_path), free_bytes=2**60, option='--out')


@pytest.mark.parametrize(('more', 'sentence'), [
    (dict(batch_size='x'), "train_dataloader of .* has batch_size='x': give a whole number, at least 1"),
    (dict(batch_size=0), 'batch_size=0'), (dict(batch_size=1.5), r'batch_size=1\.5'),
    (dict(num_workers=-1), 'num_workers=-1: give a whole number, at least 0')])
def test_sizes_of_batches_that_cannot_be(registry: CheckRegistry, more: dict, sentence: str) -> None:
    cfg = Config(dict(model=dict(depth=18), train_dataloader=dict(dataset=dict(type='A'), **more)))
    with pytest.raises(UserError, match=sentence):
        runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))


@pytest.mark.parametrize(('entries', 'name'), [
    (dict(model=dict(depth=18), train_dataloader=None), 'train_dataloader'),
    (dict(modle=dict(depth=18), train_dataloader=dict(dataset=dict(type='A'))), 'model')])
def test_entries_that_a_training_needs(registry: CheckRegistry, entries: dict, name: str) -> None:
    with pytest.raises(UserError, match=f'has no {name}: give it one'):
        runtime.check_data(Config(entries), ('train_dataloader', 'val_dataloader'))


def test_a_loader_is_looked_at_before_anything_reads_it(registry: CheckRegistry) -> None:
    seen = []
    for stage in ('sample', 'data', 'model', 'loader', 'absence'):
        registry.register(stage, 'a')(lambda *_, stage=stage: seen.append(stage) or [])
    cfg = Config(dict(model={}, val_dataloader=dict(dataset=dict(type='A'))))
    runtime.check_dataloader(cfg, 'val_dataloader', cfg.val_dataloader)
    assert seen == ['loader', 'model', 'data', 'sample']
    seen.clear()
    runtime.missing_place(cfg, 'val_dataloader', cfg.val_dataloader)
    assert seen == ['loader', 'absence']


def test_a_section_that_is_wrong_is_compared_with_no_other(registry: CheckRegistry) -> None:
    """It is told by its own check, and a test need not be right for a training."""
    def look(cfg: Config, part: str, loader: dict) -> list[str]:
        if loader['dataset']['type'] == 'wrong':
            raise UserError('it is wrong')
        return []

    registry.register('loader', 'a')(look)
    registry.register('split', 'a')(lambda train, other, name: [f'{name} is odd'])
    train, other, wrong = (dict(dataset=dict(type=name)) for name in ('train', 'other', 'wrong'))
    for pair, expected in (((train, other), ['val is odd']), ((train, wrong), []), ((wrong, other), [])):
        assert list(runtime.split_warnings(Config({}), *pair, 'val')) == expected


def test_a_test_that_is_the_validation_is_compared_with_the_training_once(registry: CheckRegistry) -> None:
    same, other = dict(dataset=dict(type='A', ann_file='val.json')), dict(dataset=dict(type='A', ann_file='test.json'))
    loaders = dict(test=same, val=dict(copy.deepcopy(same), batch_size=2), none=None, more=other)
    assert runtime.same_data(loaders) == [['test', 'val'], ['more']]
    seen = []
    registry.register('split', 'a')(lambda train, other, name: seen.append(name))
    cfg = Config(dict(model={}, train_dataloader=other, val_dataloader=same, test_dataloader=same))
    runtime.check_data(cfg, ('train_dataloader', 'val_dataloader'))
    assert seen == ['test_dataloader']
