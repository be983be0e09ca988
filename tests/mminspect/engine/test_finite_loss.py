from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import HOOKS

from mminspect.core.errors import UserError


def run(values: list[float], interval: int) -> int:
    """Number of iterations that a run with these losses gets through."""
    hook, runner = HOOKS.build(dict(type='FiniteLossHook', interval=interval)), SimpleNamespace()
    for runner.iter, value in enumerate(values):
        outputs = dict(loss=torch.tensor(1 + value), loss_cls=torch.tensor(value), acc=torch.tensor(float('nan')))
        hook.after_train_iter(runner, runner.iter, outputs=outputs)
    runner.iter += 1  # mmengine's checkpoint hook sees the count of iterations done
    hook.before_save_checkpoint(runner, {})
    return len(values)


def test_finite_losses_and_other_values_pass() -> None:
    assert run([1.0, 0.0, 1e30], interval=1) == 3
    HOOKS.build(dict(type='FiniteLossHook')).before_save_checkpoint(SimpleNamespace(iter=0), {})


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
@pytest.mark.parametrize(('interval', 'count'), [(1, 2), (2, 2), (10, 2), (10, 25)])
def test_others_end_the_run_before_the_next_checkpoint(value: float, interval: int, count: int) -> None:
    with pytest.raises(UserError, match='loss and loss_cls became NaN or infinite'):
        run([1.0] * (count - 1) + [value], interval)


def test_interval_is_a_number_of_iterations() -> None:
    with pytest.raises(UserError, match='at iteration 4:'):
        run([1.0, float('nan'), float('nan'), float('nan'), 1.0], interval=4)
    assert run([1.0, float('nan'), 1.0], interval=4) == 3
    with pytest.raises(UserError, match='at iteration 3:'):
        run([1.0, 1.0, float('nan')], interval=4)


@pytest.mark.parametrize('value', [float('nan'), float('inf'), 1e30, -1e30])
@pytest.mark.parametrize('key', ['state_dict', 'ema_state_dict'])
def test_weights_that_no_loss_has_seen(value: float, key: str) -> None:
    """As the last step before a checkpoint leaves them: its loss is from before."""
    hook, runner = HOOKS.build(dict(type='FiniteLossHook')), SimpleNamespace(iter=6)
    hook.after_train_iter(runner, 6, outputs=dict(loss=torch.tensor(0.5)))
    weights = {'a.weight': torch.ones(3), 'b.weight': torch.tensor([0.5, value])}
    with pytest.raises(UserError, match=r'^1 weights of the model .* after iteration 7 \(first: b\.weight\)'):
        hook.before_save_checkpoint(runner, {key: weights})
    hook.before_save_checkpoint(runner, {key: {'a.weight': torch.ones(3)}})
