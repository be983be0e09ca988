"""Early stopping in real runs of a model whose loss is (gain - target)^2, whatever the images."""
import json
import math

import pytest
import torch
from mmengine.runner import Runner

from anomaly_rd.engine import NormalLossEarlyStopHook
from mminspect.core.errors import UserError
from station_helpers import Brightness, loader_cfg, runner_cfg, write_category


@pytest.fixture
def root(tmp_path):
    write_category(tmp_path / 'data')
    return tmp_path / 'data'


@pytest.fixture
def losses(monkeypatch):
    """Losses on the hold-out images, evaluation by evaluation, in place of the model's."""
    script = []
    monkeypatch.setattr(NormalLossEarlyStopHook, '_loss', lambda self, runner: script.pop(0))
    return script


def run_of(root, work_dir, epochs=8, model=None, more=None, **hook):
    hook = dict(type='NormalLossEarlyStopHook', holdout_dataloader=loader_cfg(root, 'holdout', holdout=0.5), **hook)
    more = dict(dict(train_dataloader=loader_cfg(root, 'train', holdout=0.5)), **(more or {}))
    runner = Runner.from_cfg(runner_cfg(root, work_dir, [hook], model=model, epochs=epochs, **more))
    runner.train()
    return runner


def scalars(work_dir):
    """The values written for TensorBoard and the like, by step."""
    lines = [json.loads(line) for path in work_dir.rglob('scalars.json') for line in path.read_text().splitlines()]
    return {line['step']: line['val/holdout_loss'] for line in lines if 'val/holdout_loss' in line}


def test_stops_after_patience_and_saves_the_last_epoch(root, tmp_path, losses):
    losses += [5.0, 4.0, 4.0, 4.5, 1.0]
    sparse = dict(default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=100)))
    runner = run_of(root, tmp_path / 'run', patience=2, more=sparse)
    assert runner.epoch == 4 and losses == [1.0]
    assert [p.name for p in (tmp_path / 'run').glob('*.pth')] == ['epoch_4.pth']
    assert scalars(tmp_path / 'run') == {1: 5.0, 2: 4.0, 3: 4.0, 4: 4.5}


def test_interval_and_improvement_as_a_share(root, tmp_path, losses):
    losses += [10.0, 9.6, 9.5, 9.0]  # 5 % of 10 is 0.5, so only 9.0 improves
    runner = run_of(root, tmp_path / 'run', interval=2, patience=2, min_delta=0.05)
    assert runner.epoch == 6 and losses == [9.0]
    assert list(scalars(tmp_path / 'run')) == [2, 4, 6]


def test_nan_never_counts_as_improvement(root, tmp_path, losses):
    losses += [math.nan, math.nan, 1.0]
    assert run_of(root, tmp_path / 'run', patience=2).epoch == 2


def test_a_resumed_run_goes_on_counting(root, tmp_path, losses):
    losses += [1.0, 2.0]
    run_of(root, tmp_path / 'run', epochs=2, patience=3)
    losses += [3.0, 4.0, 0.0]
    runner = run_of(root, tmp_path / 'run', patience=3, more=dict(resume=True))
    assert runner.epoch == 4 and losses == [0.0]


def test_a_stopped_run_that_is_resumed_trains_no_further(root, tmp_path, losses):
    losses += [1.0, 2.0]
    run_of(root, tmp_path / 'run', patience=1)
    runner = run_of(root, tmp_path / 'run', patience=1, more=dict(resume=True))
    assert runner.epoch == 2 and not (tmp_path / 'run' / 'epoch_3.pth').exists()


def test_the_loss_is_the_mean_over_holdout_images_in_eval_mode(root, tmp_path, monkeypatch):
    def forward(self, inputs, data_samples=None, mode='tensor'):
        seen.append((mode, self.training, inputs.shape[0]))
        return dict(loss=inputs.mean() + 0 * self.gain)

    seen = []
    monkeypatch.setattr(Brightness, 'forward', forward)
    holdout = dict(loader_cfg(root, 'holdout', holdout=0.75), batch_size=2)  # batches of two and of one image
    hook = dict(type='NormalLossEarlyStopHook', holdout_dataloader=holdout)
    rest = loader_cfg(root, 'train', holdout=0.75)
    Runner.from_cfg(runner_cfg(root, tmp_path / 'run', [hook], epochs=1, train_dataloader=rest)).train()
    assert seen == [('loss', True, 1), ('loss', False, 2), ('loss', False, 1)]
    values = [float(item['inputs'].float().mean()) / 255 for item in Runner.build_dataloader(holdout).dataset]
    assert len(values) == 3
    assert scalars(tmp_path / 'run') == {1: pytest.approx(sum(values) / 3, rel=1e-5)}


def test_random_corruptions_are_the_same_at_every_evaluation(root, tmp_path):
    run_of(root, tmp_path / 'run', epochs=3, patience=9, model=dict(gain=1.0, noise=1.0))
    values = list(scalars(tmp_path / 'run').values())
    assert len(values) == 3 and values[0] > 0 and values == pytest.approx([values[0]] * 3, rel=1e-6)


def test_defects_are_refused(root, tmp_path):
    hook = dict(type='NormalLossEarlyStopHook', holdout_dataloader=loader_cfg(root, 'test'))
    with pytest.raises(UserError, match='anomalous image'):
        Runner.from_cfg(runner_cfg(root, tmp_path / 'run', [hook])).train()


def test_images_that_are_trained_on_are_refused(root, tmp_path):
    with pytest.raises(UserError, match=r'2 of 2 images of holdout_dataloader of NormalLossEarlyStopHook are also'):
        run_of(root, tmp_path / 'run', more=dict(train_dataloader=loader_cfg(root, 'train')))


def test_iterations_have_no_epochs(root, tmp_path):
    hook = dict(type='NormalLossEarlyStopHook', holdout_dataloader=loader_cfg(root, 'holdout', holdout=0.5))
    cfg = runner_cfg(root, tmp_path / 'run', [hook])
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
    with pytest.raises(UserError, match='EpochBasedTrainLoop'):
        Runner.from_cfg(cfg).train()


@pytest.mark.parametrize('options', [dict(interval=0), dict(patience=0), dict(min_delta=-1)])
def test_wrong_options(options):
    with pytest.raises(UserError, match='NormalLossEarlyStopHook'):
        NormalLossEarlyStopHook({}, **options)


def test_state_is_plain(root, tmp_path, losses):
    losses += [2.0, 3.0]
    run_of(root, tmp_path / 'run', epochs=2)
    checkpoint = torch.load(tmp_path / 'run' / 'epoch_2.pth', weights_only=False)
    assert checkpoint['early_stop'] == dict(best=2.0, waited=1)
