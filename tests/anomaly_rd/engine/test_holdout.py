"""A look at the hold-out images leaves no trace."""
import random

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from anomaly_rd.engine.holdout import (
    build_holdout,
    build_unseen,
    evaluating,
    kept_from_training,
    normal_batches,
    training_images,
)
from mminspect.core.errors import UserError
from station_helpers import PIPELINE, loader_cfg, write_category


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('anomaly_rd')


def test_modes_and_random_states_come_back():
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2).eval(), nn.Dropout()))
    modes = [module.training for module in model.modules()]
    assert False in modes and True in modes
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    inside = []
    for _ in range(2):
        with evaluating(model) as evaluated:
            assert not any(module.training for module in evaluated.modules()) and not torch.is_grad_enabled()
            inside.append((random.random(), np.random.rand(), float(torch.rand(()))))
    assert inside[0] == inside[1]  # the same noise at every evaluation
    assert states == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
    assert [module.training for module in model.modules()] == modes and torch.is_grad_enabled()


def test_states_come_back_after_an_error():
    model, state = nn.Dropout(), torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), evaluating(model):
        torch.rand(1)
        _ = 1 / 0
    assert model.training and torch.equal(state, torch.get_rng_state())


def test_every_image_once_and_in_order_in_every_process(tmp_path, monkeypatch):
    write_category(tmp_path)
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (1, 2))  # the second of two processes
    cfg = dict(loader_cfg(tmp_path, 'train', batch_size=3), drop_last=True, persistent_workers=True)
    paths = [[s.img_path[-7:] for s in batch['data_samples']] for batch in normal_batches(build_holdout(cfg))]
    assert paths == [['000.png', '001.png', '002.png'], ['003.png']]


def test_anomalous_images_are_refused_by_name(tmp_path):
    write_category(tmp_path)
    with pytest.raises(UserError, match=r'anomalous image, .*spot.000\.png'):
        list(normal_batches(build_holdout(loader_cfg(tmp_path, 'test'))))


def test_an_empty_set(tmp_path):
    write_category(tmp_path)
    cfg = loader_cfg(tmp_path, 'train', indices=[])
    with pytest.raises(UserError, match='has no images'):
        build_holdout(cfg)


def test_images_of_the_training_are_no_holdout(tmp_path):
    write_category(tmp_path)
    training = build_holdout(loader_cfg(tmp_path, 'train', holdout=0.5))
    assert len(build_unseen(loader_cfg(tmp_path, 'holdout', holdout=0.5), training, 'X').dataset) == 2
    every = loader_cfg(tmp_path, 'train')
    every['dataset'] = dict(type='ConcatDataset', datasets=[every['dataset']])
    with pytest.raises(UserError, match=r'2 of 4 images of holdout_dataloader of X are also trained on \(first: .*png'):
        build_unseen(every, training, 'X')
    link = tmp_path / 'linked'
    link.symlink_to(tmp_path / 'plate')  # the same files under another name
    with pytest.raises(UserError, match='also trained on'):
        build_unseen(loader_cfg(tmp_path, 'train', category='linked'), training, 'X')


def test_data_sets_that_know_no_paths_are_let_through(tmp_path):
    write_category(tmp_path)
    plain = torch.utils.data.DataLoader([dict(inputs=1)])
    assert len(build_unseen(loader_cfg(tmp_path, 'train'), plain, 'X').dataset) == 4


def test_training_images_are_prepared_as_in_the_test(tmp_path):
    train, test = loader_cfg(tmp_path, 'train', pipeline=[dict(type='CutPaste')]), loader_cfg(tmp_path, 'test')
    train['dataset'] = dict(type='RepeatDataset', times=3, dataset=train['dataset'])
    train['collate_fn'] = dict(type='default_collate')
    cfg = Config(dict(train_dataloader=train, test_dataloader=test))
    found = training_images(cfg)
    once = train['dataset']['dataset']  # no image counts three times
    assert found['dataset'] == dict(once, pipeline=PIPELINE) and 'collate_fn' not in found
    assert found['dataset']['split'] == 'train'
    assert cfg.train_dataloader.dataset.dataset.pipeline == [dict(type='CutPaste')]
    with pytest.raises(UserError, match='holdout_dataloader'):
        training_images(Config(dict(train_dataloader=train)))


def test_a_data_set_that_keeps_no_images_back_beside_one_that_does(tmp_path):
    first, second = (dict(loader_cfg(tmp_path, 'train')['dataset'], category=name) for name in ('one', 'two'))

    def kept(*datasets):
        loader = dict(batch_size=1, dataset=dict(type='ConcatDataset', datasets=list(datasets)))
        test = dict(batch_size=1, dataset=dict(first, split='test'))
        return kept_from_training(Config(dict(train_dataloader=loader, test_dataloader=test)))

    assert kept(first, second) is None
    found = kept(dict(first, holdout=0.5), dict(second, holdout=0.5))
    assert [leaf['split'] for leaf in found['dataset']['datasets']] == ['holdout', 'holdout']
    with pytest.raises(UserError, match=r"1 of 2 data sets .* others do not \(first: .*category='two'.*\): give"):
        kept(dict(first, holdout=0.5), second)
