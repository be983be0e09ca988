"""A loop without an optimiser: what it shows the model, what it leaves behind, and where it refuses."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS, MODELS
from torch import Tensor
from torch.utils.data import Dataset

from mminspect import runtime
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.anomaly_model import AnomalyModel, DataShapedBuffers, Maps

CALLS: list[str] = []


@DATASETS.register_module(force=True)
class Numbers(Dataset):
    """Images of one value each: 0, 1, 2, ..."""

    def __init__(self, count: int = 5) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=torch.full((3, 2, 2), float(index)), data_samples=AnomalyDataSample())


@MODELS.register_module(force=True)
class Collector(DataShapedBuffers, AnomalyModel):
    """Keeps the values it has seen, sorted."""

    def __init__(self) -> None:
        super().__init__()
        self.register_data_buffer('seen')
        self.collected: list[Tensor] = []

    def collect(self, inputs: Tensor, data_samples: list[AnomalyDataSample]) -> None:
        assert not self.training and not torch.is_grad_enabled() and len(data_samples) == len(inputs)
        self.collected.append(torch.as_tensor([float(image.mean()) for image in inputs]))

    def finish_fit(self) -> None:
        self.seen = torch.cat(self.collected).sort().values
        CALLS.append('finish_fit')

    def score_maps(self, inputs: Tensor) -> Maps:
        return Maps(inputs.mean((1, 2, 3)))


@HOOKS.register_module(force=True)
class Listener(Hook):
    """Notes the calls of a training."""

    def before_train_epoch(self, runner: Any) -> None:
        CALLS.append('before_train_epoch')

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        CALLS.append(f'iter {batch_idx}')

    def after_train_epoch(self, runner: Any) -> None:
        CALLS.append(f'after_train_epoch {runner.epoch}')


def config(folder: Path, **more: Any) -> Config:
    return Config(dict(
        model=dict(type='Collector'), work_dir=str(folder), train_cfg=dict(type='FitOnceLoop'),
        train_dataloader=dict(batch_size=2, dataset=dict(type='Numbers'), sampler=dict(type='DefaultSampler'),
                              collate_fn=dict(type='pseudo_collate')),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)), log_level='WARNING',
        custom_hooks=[dict(type='Listener'), dict(type='mmengine.FiniteLossHook', interval=1)],
        default_scope='mmengine', experiment_name=folder.name, **more))


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CALLS.clear()


def test_every_image_is_shown_once_and_the_checkpoint_is_that_of_the_first_epoch(tmp_path: Path) -> None:
    runner = runtime.build_runner(config(tmp_path / 'run'))
    runner.train()
    assert CALLS == ['before_train_epoch', 'iter 0', 'iter 1', 'iter 2', 'finish_fit', 'after_train_epoch 0']
    assert runner.model.seen.tolist() == [0, 1, 2, 3, 4] and (runner.epoch, runner.iter) == (1, 3)
    assert sorted(path.name for path in (tmp_path / 'run').glob('*.pth')) == ['epoch_1.pth']
    assert 'lr' not in runner.message_hub.log_scalars  # nothing has a learning rate


def test_what_is_resumed_is_done(tmp_path: Path) -> None:
    runtime.build_runner(config(tmp_path / 'run')).train()
    CALLS.clear()
    again = config(tmp_path / 'again', resume=True, load_from=str(tmp_path / 'run' / 'epoch_1.pth'))
    runner = runtime.build_runner(again)
    runner.train()
    assert CALLS == [] and runner.model.seen.tolist() == [0, 1, 2, 3, 4]


def test_an_inherited_optimiser_has_no_say(tmp_path: Path) -> None:
    cfg = config(tmp_path / 'run', optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1.0)),
                 param_scheduler=dict(type='StepLR', step_size=1))
    runner = runtime.build_runner(cfg)
    runner.train()
    assert runner.optim_wrapper.get_lr() == {} and runner.param_schedulers is None


def test_an_average_of_weights_would_lose_what_is_fitted(tmp_path: Path) -> None:
    cfg = config(tmp_path / 'run')
    cfg.custom_hooks.append(dict(type='EMAHook'))
    with pytest.raises(UserError, match='take EMAHook out of custom_hooks'):
        runtime.build_runner(cfg).train()
    assert CALLS == []


def test_several_processes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r'fits in one process.* train without --launcher'):
        runtime.build_runner(config(tmp_path / 'run', launcher='slurm'))


def test_a_model_that_is_trained_by_gradients_is_told_which_loop_it_needs(tmp_path: Path) -> None:
    @MODELS.register_module(force=True)
    class Gradients(AnomalyModel):
        def score_maps(self, inputs: Tensor) -> Maps:
            return Maps(inputs.mean((1, 2, 3)))

    cfg = config(tmp_path / 'run')
    cfg.model.type = 'Gradients'
    with pytest.raises(UserError, match=r'set train_cfg\.type to EpochBasedTrainLoop'):
        runtime.build_runner(cfg).train()
