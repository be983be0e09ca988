"""The threshold hook in real runs of a model whose score is the brightness of the brightest pixel."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration
from mminspect.models.checkpoint import Checkpoint, fitting_calibration
from station_helpers import Brightness, loader_cfg, runner_cfg, write_category

GOOD = (40, 50, 60, 70)


class Keep(Hook):
    """Puts the tested samples into a list."""

    def __init__(self, seen):
        self.seen = seen

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.seen.extend(outputs)


@pytest.fixture
def root(tmp_path):
    write_category(tmp_path / 'data', good=GOOD)
    return tmp_path / 'data'


def holdout(root, **dataset):
    return loader_cfg(root, 'holdout', holdout=0.5, **dataset)


def rest(root):
    """What the training may use beside :func:`holdout`."""
    return loader_cfg(root, 'train', holdout=0.5)


def trained(root, work_dir, hook, **more):
    if 'holdout_dataloader' in hook:
        more.setdefault('train_dataloader', rest(root))
    runner = Runner.from_cfg(runner_cfg(root, work_dir, [dict(type='ThresholdHook', **hook)], **more))
    runner.train()
    return runner


def load(path):
    return torch.load(path, weights_only=False)


def holdout_values(runner, root):
    """Grey values of the images that the hold-out split got."""
    loader = Runner.build_dataloader(holdout(root))
    return [float(batch['inputs'].float().mean()) for batch in loader.dataset]


def test_every_checkpoint_has_the_threshold_of_its_own_weights(root, tmp_path):
    runner = trained(root, tmp_path / 'run', dict(holdout_dataloader=holdout(root)), model=dict(gain=0.5))
    largest, gains = max(holdout_values(runner, root)), []
    for epoch in (1, 2):
        checkpoint = load(tmp_path / 'run' / f'epoch_{epoch}.pth')
        gains.append(float(checkpoint['state_dict']['gain']))
        state = checkpoint['threshold']
        assert state['value'] == pytest.approx(gains[-1] * largest / 255, rel=1e-5)
        assert (state['origin'], state['count'], state['rule']) == ('hold-out normal images', 2, 'quantile 0.995')
        assert state['map']['limit'] == pytest.approx(state['value'])
        # the level maps are means divided by 2 and by 4
        assert [level['limit'] for level in state['level_maps']] == pytest.approx([state['value'] / k for k in (2, 4)])
    assert gains[0] != gains[1]


def test_a_checkpoint_with_the_threshold_loads_safely(root, tmp_path):
    trained(root, tmp_path / 'run', dict(holdout_dataloader=holdout(root)), epochs=1)
    calibration = Checkpoint.open(tmp_path / 'run' / 'epoch_1.pth').calibration
    assert calibration.threshold.count == 2


def test_training_is_the_same_with_and_without(root, tmp_path, monkeypatch):
    drawn = []

    def train_step(self, data, optim_wrapper):
        drawn.append((self.training, float(torch.rand(())), np.random.rand(), float(data['inputs'][0].float().mean())))
        return dict(loss=torch.zeros(()))

    def run(hooks):
        cfg = runner_cfg(root, tmp_path / 'run', hooks, train_dataloader=rest(root))
        cfg.train_cfg, cfg.custom_hooks = dict(type='IterBasedTrainLoop', max_iters=6), hooks  # nobody seeds anew
        cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
        cfg.default_hooks.checkpoint.update(by_epoch=False, interval=2)
        drawn.clear()
        Runner.from_cfg(cfg).train()
        return list(drawn)

    monkeypatch.setattr(Brightness, 'train_step', train_step)
    plain, looked_at = run([]), run([dict(type='ThresholdHook', holdout_dataloader=holdout(root))])
    assert len(plain) == 6 and all(training for training, *_ in plain)
    assert looked_at == plain


def test_without_holdout_the_training_images_stand_in_and_it_is_said(root, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('anomaly_rd.engine.threshold.print_log', lambda text, **options: said.append(text))
    trained(root, tmp_path / 'run', dict(rule='max'), epochs=1)
    state = load(tmp_path / 'run' / 'epoch_1.pth')['threshold']
    assert (state['origin'], state['count'], state['rule']) == ('training images', 4, 'largest score')
    assert state['value'] == pytest.approx(70 / 255, rel=1e-5)  # gain 1 is where the loss has its minimum
    assert any('fitted on the TRAINING images' in text for text in said)


def test_the_test_labels_images(root, tmp_path):
    trained(root, tmp_path / 'run', dict(rule='max'), epochs=1)
    cfg = runner_cfg(root, tmp_path / 'test', [dict(type='ThresholdHook')],
                     load_from=str(tmp_path / 'run' / 'epoch_1.pth'))
    runner, seen = Runner.from_cfg(cfg), []
    runner.register_hook(Keep(seen), 'LOWEST')
    runner.test()
    assert runner.model.calibration.threshold.origin == 'training images'
    labels = {sample.img_path.split('/test/')[1]: int(sample.pred_label) for sample in seen}
    # above 70: the good image of 75, and the spots
    assert labels == {'good/000.png': 0, 'good/001.png': 1, 'spot/000.png': 1, 'spot/001.png': 1, 'spot/002.png': 1}
    assert all(sample.threshold == runner.model.calibration.threshold.value for sample in seen)


def test_a_checkpoint_without_threshold_gives_no_labels(root, tmp_path):
    cfg = runner_cfg(root, tmp_path / 'run', [], epochs=1)
    Runner.from_cfg(cfg).train()
    cfg = runner_cfg(root, tmp_path / 'test', [dict(type='ThresholdHook')],
                     load_from=str(tmp_path / 'run' / 'epoch_1.pth'))
    runner, seen = Runner.from_cfg(cfg), []
    runner.register_hook(Keep(seen), 'LOWEST')
    metrics = runner.test()
    assert runner.model.calibration is None and len(seen) == 5 and 'pred_label' not in seen[0]
    assert metrics['image_auroc'] == 1.0


def test_averaged_weights_are_scored_where_they_are_saved(root, tmp_path):
    runner = trained(root, tmp_path / 'run', dict(rule='max'), model=dict(gain=0.0),
                     custom_hooks=[dict(type='EMAHook', momentum=0.1), dict(type='ThresholdHook', rule='max')])
    checkpoint = load(tmp_path / 'run' / 'epoch_2.pth')
    averaged, raw = (float(checkpoint[key]['gain' if key == 'state_dict' else 'module.gain'])
                     for key in ('state_dict', 'ema_state_dict'))
    assert averaged != raw and float(runner.model.gain) == raw  # the training goes on with its own weights
    assert checkpoint['threshold']['value'] == pytest.approx(averaged * 70 / 255, rel=1e-4)


def test_defects_in_the_holdout_are_refused_before_a_checkpoint_is_written(root, tmp_path):
    with pytest.raises(UserError, match='anomalous image'):
        trained(root, tmp_path / 'run', dict(holdout_dataloader=loader_cfg(root, 'test')))
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_images_that_are_trained_on_are_no_holdout(root, tmp_path):
    with pytest.raises(UserError, match=r'2 of 2 images of holdout_dataloader of ThresholdHook are also trained on'):
        trained(root, tmp_path / 'run', dict(holdout_dataloader=holdout(root)),
                train_dataloader=loader_cfg(root, 'train'))


def test_a_threshold_on_other_maps_is_dropped(root, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr('mminspect.models.checkpoint.print_log', lambda text, **options: said.append(text))
    monkeypatch.setattr(Brightness, 'map_options', ('noise', ), raising=False)
    trained(root, tmp_path / 'run', dict(rule='max'), epochs=1)
    path = tmp_path / 'run' / 'epoch_1.pth'
    assert load(path)['threshold']['settings'] == dict(noise='0.0')
    said.clear()

    def tested(model):
        hook, seen = dict(type='ThresholdHook'), []
        cfg = runner_cfg(root, tmp_path / 'test', [hook], load_from=str(path), model=model)
        runner = Runner.from_cfg(cfg)
        runner.register_hook(Keep(seen), 'LOWEST')
        runner.test()
        return ['pred_label' in sample for sample in seen]

    assert all(tested(dict(noise=0))) and not any('NOT used' in text for text in said)
    assert not any(tested(dict(noise=0.5))) and any('NOT used' in text and 'noise is 0.5, was 0.0' in text
                                                    for text in said)
    state = load(path)['threshold']
    del state['settings']  # as in files of earlier versions
    cfg = Config(dict(model=dict(type='Brightness', noise=0.5)))
    init_default_scope('anomaly_rd')
    assert fitting_calibration(Calibration.from_state(state), cfg).threshold.value == state['value']


def test_images_that_the_training_keeps_back_are_found(root, tmp_path):
    """Without a holdout_dataloader: the threshold is the largest score of the images that ``holdout`` leaves out."""
    runner = trained(root, tmp_path / 'run', dict(rule='max'), train_dataloader=rest(root))
    state = load(tmp_path / 'run' / 'epoch_2.pth')['threshold']
    gain = float(runner.model.gain)
    assert state['origin'] == 'hold-out normal images' and state['count'] == 2
    assert state['value'] == pytest.approx(gain * max(holdout_values(runner, root)) / 255, rel=1e-5)


def test_a_model_that_remembers_its_images_needs_others(root, tmp_path, monkeypatch):
    monkeypatch.setattr(Brightness, 'limits', {'training scores': 'it knows them by heart'})
    with pytest.raises(UserError, match='cannot be fitted on training images, because it knows them by heart: keep'):
        trained(root, tmp_path / 'run', dict(rule='max'))


@pytest.mark.parametrize('options', [dict(rule='f1_max'), dict(quantile=0), dict(quantile=1.5)])
def test_wrong_options(root, tmp_path, options):
    with pytest.raises(UserError, match='ThresholdHook'):
        Runner.from_cfg(runner_cfg(root, tmp_path / 'run', [dict(type='ThresholdHook', **options)]))
