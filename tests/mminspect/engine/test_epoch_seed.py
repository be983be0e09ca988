import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import FUNCTIONS, HOOKS, init_default_scope
from mmengine.runner import Runner

from helpers import runner_cfg, write_coco
from mminspect.engine import EpochSeedHook, seed_worker


def runner_at(seed: int | None, epoch: int) -> SimpleNamespace:
    return SimpleNamespace(seed=seed, epoch=epoch, _train_loop=None)


def draws(seed: int | None, epoch: int) -> tuple[float, float, float]:
    EpochSeedHook().before_train_epoch(runner_at(seed, epoch))
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_every_generator_depends_on_seed_and_epoch_alone() -> None:
    first = draws(3, 5)
    random.random(), np.random.rand(), torch.rand(7)
    assert draws(3, 5) == first
    for other in (draws(3, 6), draws(4, 5), draws(5, 3)):
        assert all(a != b for a, b in zip(first, other, strict=True))
    assert draws(None, 5) == draws(0, 5)


def test_processes_draw_different_numbers(monkeypatch) -> None:
    first = draws(3, 5)
    monkeypatch.setattr('mminspect.engine.epoch_seed.get_rank', lambda: 1)
    assert all(a != b for a, b in zip(first, draws(3, 5), strict=True))


def test_registered_and_first_in_line() -> None:
    assert HOOKS.build(dict(type='EpochSeedHook')).priority == 'VERY_HIGH'
    assert FUNCTIONS.get('seed_worker') is seed_worker


def test_worker_takes_the_seed_that_torch_gave_it() -> None:
    threads = torch.get_num_threads()
    seen = []
    for _ in range(2):
        torch.manual_seed(11)
        seed_worker(0)
        seen.append((random.random(), np.random.rand()))
    torch.manual_seed(12)
    seed_worker(0)
    assert seen[0] == seen[1] != (random.random(), np.random.rand())
    assert torch.get_num_threads() == 1
    torch.set_num_threads(threads)


@pytest.mark.parametrize('workers', [0, 1, 2])
def test_augmentation_differs_from_epoch_to_epoch_and_repeats_after_a_resume(workers: int, tmp_path: Path) -> None:
    init_default_scope('mmdet')
    cfg = runner_cfg(tmp_path, write_coco(tmp_path / 'data'), {}, workers=workers).train_dataloader
    cfg.update(batch_size=1, sampler=dict(type='DefaultSampler', shuffle=False))
    cfg.dataset.pipeline[3].update(mean_shift=dict(prob=1.0, mode='pixel'))
    loader = Runner.build_dataloader(cfg, seed=0)

    def epoch(number: int) -> torch.Tensor:
        EpochSeedHook().before_train_epoch(runner_at(0, number))
        return torch.stack([batch['inputs'][0] for batch in loader]).float()

    first, second = epoch(0), epoch(1)
    assert all((a != b).float().mean() > 0.5 for a, b in zip(first, second, strict=True))
    resumed = Runner.build_dataloader(cfg, seed=0)
    loader = resumed
    assert torch.equal(epoch(1), second)
    if workers == 2:  # two images of one epoch that different workers made do not share their noise
        clean = [b['inputs_clean'][0].float() for b in loader]
        noise = [(a - c)[:, :30, :30] for a, c in zip(epoch(1), clean, strict=True)]
        assert not torch.equal(noise[0], noise[1])


class Noise(BaseModel):
    """Writes down what its data and its steps draw."""

    def __init__(self, seen: list) -> None:
        super().__init__()
        self.weight, self.seen = torch.nn.Parameter(torch.zeros(1)), seen

    def forward(self, inputs: torch.Tensor, mode: str = 'tensor') -> dict[str, torch.Tensor] | list:
        if mode == 'predict':
            np.random.rand()  # a validation that draws numbers, as SmoothGrad does
            return [None]
        self.seen.append((inputs.item(), np.random.rand(), torch.rand(1).item()))
        return dict(loss=self.weight.sum())


class Draws(torch.utils.data.Dataset):
    """Every item is a new random number."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, float]:
        return dict(inputs=np.random.rand())


def iterations(work_dir: Path, count: int, **more: object) -> list[tuple[float, float, float]]:
    seen: list[tuple[float, float, float]] = []
    loader = dict(batch_size=1, num_workers=0, dataset=Draws(), sampler=dict(type='InfiniteSampler', shuffle=True))
    loader['collate_fn'] = dict(type='default_collate')
    Runner(Noise(seen), str(work_dir), loader, val_dataloader=dict(loader, sampler=dict(type='DefaultSampler')),
           train_cfg=dict(type='IterBasedTrainLoop', max_iters=count, val_interval=2), val_cfg=dict(type='ValLoop'),
           val_evaluator=[], optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)), randomness=dict(seed=0),
           custom_hooks=[dict(type='EpochSeedHook')], log_level='ERROR', cfg=Config(dict()),
           default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False)),
           experiment_name=f'{work_dir.name}{count}', **more).train()
    return seen


@pytest.mark.parametrize('stop', [1, 2])
def test_resumed_iterations_draw_as_uninterrupted_ones(stop: int, tmp_path: Path) -> None:
    whole = iterations(tmp_path / 'whole', 5)
    assert len({number for numbers in whole for number in numbers}) == 15
    iterations(tmp_path / 'parts', stop)
    assert iterations(tmp_path / 'parts', 5, resume=True) == whole[stop:]
