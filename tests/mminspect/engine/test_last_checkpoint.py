"""What is on the disk while and after checkpoints are saved."""
from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader

import mminspect.engine  # noqa: F401 (registers the hook)


class Linear(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, inputs, labels=None, mode='tensor'):
        return dict(loss=self.layer(torch.stack(inputs) if isinstance(inputs, list) else inputs).sum())


def runner(folder: Path, keep: int, epochs: int, **more) -> Runner:
    items = [dict(inputs=torch.ones(2)) for _ in range(2)]
    return Runner(
        model=Linear(), work_dir=str(folder), train_dataloader=DataLoader(items, 2), experiment_name=folder.name,
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)), log_level='ERROR',
        default_hooks=dict(checkpoint=dict(type='KeepLastCheckpointHook', interval=1, max_keep_ckpts=keep)), **more)


def found(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob('epoch_*.pth'))


@pytest.mark.parametrize(('keep', 'expected'), [(1, [4]), (2, [3, 4]), (-1, [1, 2, 3, 4])])
def test_as_many_are_kept_as_wanted(tmp_path: Path, keep: int, expected: list[int]) -> None:
    runner(tmp_path / f'run{keep}', keep, 4).train()
    assert found(tmp_path / f'run{keep}') == [f'epoch_{epoch}.pth' for epoch in expected]


def test_the_last_one_stays_where_saving_fails(tmp_path: Path, monkeypatch) -> None:
    folder, save = tmp_path / 'fails', Runner.save_checkpoint

    def failing(self, out_dir, filename, *arguments, **options):
        if filename == 'epoch_3.pth':
            raise KeyboardInterrupt
        return save(self, out_dir, filename, *arguments, **options)

    monkeypatch.setattr(Runner, 'save_checkpoint', failing)
    with pytest.raises(KeyboardInterrupt):
        runner(folder, 1, 4).train()
    assert found(folder) == ['epoch_2.pth']
    monkeypatch.undo()
    again = runner(folder, 1, 4, resume=True)
    again.train()
    assert again.epoch == 4 and found(folder) == ['epoch_4.pth']
