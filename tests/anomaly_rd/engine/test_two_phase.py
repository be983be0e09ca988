from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from anomaly_rd.engine import TwoPhaseHook
from anomaly_rd.engine.two_phase import check_phases
from mminspect.core.errors import UserError


class Phases(BaseModel):
    """Two numbers, of which the active one is pulled to the data."""

    def __init__(self) -> None:
        super().__init__()
        self.student, self.head = (nn.Linear(1, 1, bias=False) for _ in range(2))
        self.calls: list[str] = []

    def set_phase(self, phase: str) -> None:
        self.calls.append(phase)
        for name in ('student', 'head'):
            getattr(self, name).requires_grad_(name == phase)

    def forward(self, inputs: torch.Tensor, mode: str = 'tensor') -> dict[str, torch.Tensor]:
        return dict(loss=((self.student.weight + self.head.weight - inputs[0])**2).sum())


def train(work_dir: Path, iterations: int, **changes) -> tuple[Phases, list[tuple[float, float]]]:
    model, weights = Phases(), []
    for part in (model.student, model.head):
        nn.init.zeros_(part.weight)

    class Watch(TwoPhaseHook):
        def after_train_iter(self, *args, **kwargs) -> None:
            weights.append((model.student.weight.item(), model.head.weight.item()))

    data = [dict(inputs=torch.ones(1)) for _ in range(8)]
    Runner(model, str(work_dir), dict(batch_size=1, dataset=data, sampler=dict(type='InfiniteSampler', shuffle=False),
                                      num_workers=0),
           optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.1)),
           train_cfg=dict(type='IterBasedTrainLoop', max_iters=iterations), custom_hooks=[Watch(3)],
           default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False)),
           experiment_name=f'{work_dir.name}{iterations}', log_level='ERROR', cfg=Config(dict()), **changes).train()
    return model, weights


def test_switches_at_the_iteration(tmp_path):
    model, weights = train(tmp_path, 6)
    assert model.calls == ['student', 'head']
    students, heads = zip(*weights, strict=True)
    assert heads[:3] == (0.0, 0.0, 0.0) and len(set(students[:3])) == 3
    assert len(set(students[2:])) == 1 and len(set(heads[2:])) == 4  # momentum and decay do not go on either


@pytest.mark.parametrize('stop', [2, 3, 4])
def test_resumed_equals_uninterrupted(tmp_path, stop):
    _, whole = train(tmp_path / 'whole', 6)
    train(tmp_path / 'parts', stop)
    model, rest = train(tmp_path / 'parts', 6, resume=True)
    assert rest == whole[stop:]
    assert model.calls == (['student', 'head'] if stop < 3 else ['head'])


def test_model_without_phases():
    with pytest.raises(UserError, match='custom_hooks'):
        TwoPhaseHook().before_train(SimpleNamespace(model=nn.Linear(1, 1), iter=0))


def test_a_training_that_ends_before_the_head():
    for hook, length, wrong in ((dict(switch_at=5), 5, True), (dict(switch_at=5), 6, False), ({}, 1000, True)):
        cfg = Config(dict(train_cfg=dict(max_iters=length), custom_hooks=[dict(type='TwoPhaseHook', **hook)]))
        with pytest.raises(UserError, match='the head would never be trained') if wrong else nullcontext():
            check_phases(cfg)
    check_phases(Config(dict(train_cfg=dict(max_epochs=1))))
