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


def test_many_short_epochs_give_a_line_for_every_tenth(capsys, monkeypatch) -> None:
    run(100, interval=None, monkeypatch=monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert [int(line.split('epoch ')[1].split('/')[0]) for line in lines] == list(range(10, 101, 10))
    run(4, interval=None, monkeypatch=monkeypatch)
    assert len(capsys.readouterr().out.splitlines()) == 4
    run(11, interval=None, monkeypatch=monkeypatch)
    assert len(capsys.readouterr().out.splitlines()) == 10


def slow_first_epoch(epochs: int, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose first epoch takes 100 s and whose others take 2 s."""
    now = [0.0]
    monkeypatch.setattr('mminspect.engine.progress.time.monotonic', lambda: now[0])
    runner = SimpleNamespace(epoch=first, max_epochs=epochs, message_hub=MessageHub('slow'))
    hook = HOOKS.build(dict(type='ProgressHook', title='student', interval=None))
    hook.before_train(runner)
    for runner.epoch in range(first, epochs):
        now[0] += 100 if runner.epoch == first else 2
        hook.after_train_epoch(runner)


def test_the_first_epoch_says_nothing_of_the_others(capsys, monkeypatch) -> None:
    slow_first_epoch(100, 0, monkeypatch)
    assert capsys.readouterr().out.splitlines()[0] == f'{PREFIX}student: epoch 10/100, 118 s done, 180 s to go'


def test_no_time_to_go_before_it_can_be_told(capsys, monkeypatch) -> None:
    slow_first_epoch(100, 49, monkeypatch)  # resumed just before a line
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f'{PREFIX}student: epoch 50/100, 100 s done'
    assert lines[1] == f'{PREFIX}student: epoch 60/100, 120 s done, 80 s to go'
