from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub
from mmengine.registry import HOOKS

from mminspect.engine.progress import PREFIX


def run(epochs: int, first: int = 0, interval: int = 1, seconds: float = 10.0, monkeypatch=None) -> None:
    clock = iter(range(0, 10**6, int(seconds)))
    monkeypatch.setattr('mminspect.engine.progress.time.monotonic', lambda: next(clock))
    hub = MessageHub('progress')
    runner = SimpleNamespace(epoch=first, max_epochs=epochs, message_hub=hub)
    hook = HOOKS.build(dict(type='ProgressHook', title='student', interval=interval))
    hook.before_train(runner)
    for runner.epoch in range(first, epochs):
        for _ in range(25):
            hub.update_scalar('train/loss', 2.0 - 0.5 * runner.epoch)
        hook.after_train_epoch(runner)


def test_one_line_an_epoch_with_loss_and_times(capsys, monkeypatch) -> None:
    run(3, monkeypatch=monkeypatch)
    assert capsys.readouterr().out.splitlines() == [
        f'{PREFIX}student: epoch 1/3, loss 2.000, 10 s done, 20 s to go',
        f'{PREFIX}student: epoch 2/3, loss 1.500, 20 s done, 10 s to go',
        f'{PREFIX}student: epoch 3/3, loss 1.000, 30 s done, 0 s to go',
    ]


def test_time_to_go_counts_the_epochs_of_this_process(capsys, monkeypatch) -> None:
    run(4, first=2, monkeypatch=monkeypatch)
    assert capsys.readouterr().out.splitlines()[0].endswith('epoch 3/4, loss 1.000, 10 s done, 10 s to go')


@pytest.mark.parametrize(('interval', 'epochs'), [(2, [2, 4, 5]), (10, [5])])
def test_interval_keeps_the_last_epoch(interval: int, epochs: list[int], capsys, monkeypatch) -> None:
    run(5, interval=interval, monkeypatch=monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split('epoch ')[1].split('/')[0]) for line in lines] == epochs


def test_only_the_main_process_speaks(capsys, monkeypatch) -> None:
    monkeypatch.setattr('mmengine.dist.utils.get_rank', lambda group=None: 1)
    run(2, monkeypatch=monkeypatch)
    assert capsys.readouterr().out == ''
