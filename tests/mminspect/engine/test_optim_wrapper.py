import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper
from torch import nn

from mminspect.core.errors import UserError
from mminspect.engine import Bf16OptimWrapper


def pair() -> tuple[nn.Module, Bf16OptimWrapper]:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 2, 3))
    cfg = dict(type='mmengine.Bf16OptimWrapper', optimizer=dict(type='SGD', lr=0.1), clip_grad=dict(max_norm=35))
    return model, build_optim_wrapper(model, cfg)


def test_forward_pass_runs_in_bfloat16_and_nothing_else_does() -> None:
    model, wrapper = pair()
    x = torch.randn(2, 3, 8, 8)
    with wrapper.optim_context(model):
        out = model(x)
        assert torch.is_autocast_enabled('cpu')
    assert out.dtype == torch.bfloat16
    assert not torch.is_autocast_enabled('cpu') and model(x).dtype == torch.float32


def test_context_ends_with_an_exception() -> None:
    model, wrapper = pair()
    with pytest.raises(ZeroDivisionError), wrapper.optim_context(model):
        raise ZeroDivisionError
    assert not torch.is_autocast_enabled('cpu')


def test_step_is_close_to_the_one_in_float32() -> None:
    model, wrapper = pair()
    x, reference = torch.randn(2, 3, 8, 8), nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 2, 3))
    reference.load_state_dict(model.state_dict())
    plain = OptimWrapper(torch.optim.SGD(reference.parameters(), lr=0.1))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    for net, optim in ((model, wrapper), (reference, plain)):
        with optim.optim_context(net):
            loss = net(x).float().square().mean()
        optim.update_params(loss)
    for name, value in model.state_dict().items():
        expected = reference.state_dict()[name] - before[name]
        assert value.dtype == torch.float32 and not torch.equal(value, before[name])
        assert torch.allclose(value - before[name], expected, atol=0.05 * expected.abs().max())


def test_state_is_that_of_the_plain_wrapper() -> None:
    model, wrapper = pair()
    plain = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    assert wrapper.state_dict().keys() == plain.state_dict().keys()  # no scaler to resume


class TwoParts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(2, 3), nn.Linear(3, 1)


def test_each_part_has_an_optimiser_of_its_own() -> None:
    model = TwoParts()
    wrappers = build_optim_wrapper(model, dict(
        constructor='PartsOptimWrapperConstructor',
        second=dict(type='mmengine.Bf16OptimWrapper', optimizer=dict(type='SGD', lr=0.5)),
        first=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.1))))
    assert isinstance(wrappers, OptimWrapperDict) and list(wrappers.keys()) == ['second', 'first']  # order of steps
    held = {name: {id(p) for group in wrappers[name].param_groups for p in group['params']} for name in wrappers.keys()}
    assert held == {name: {id(p) for p in getattr(model, name).parameters()} for name in ('second', 'first')}
    assert isinstance(wrappers['second'], Bf16OptimWrapper)
    assert wrappers.get_lr() == {'second.lr': [0.5], 'first.lr': [0.1]}


@pytest.mark.parametrize(('cfg', 'sentence'), [
    (dict(third=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1))), "entry 'third', but TwoParts has no"),
    ({}, 'needs an entry with type and optimizer'),
    (dict(first=3), "the entry 'first' of optim_wrapper is 3: give a dict with type and optimizer"),
    (dict(first=dict(type='OptimWrapper')), "the entry 'first' of optim_wrapper is"),
    (dict(first=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1)), paramwise_cfg=dict(norm_decay_mult=0)),
     'paramwise_cfg inside of these')])
def test_parts_that_cannot_be(cfg: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build_optim_wrapper(TwoParts(), dict(cfg, constructor='PartsOptimWrapperConstructor'))


def test_nothing_is_optimised_without_an_optimiser() -> None:
    model = TwoParts()
    wrapper = build_optim_wrapper(model, dict(type='NoOptimWrapper', constructor='NoOptimWrapperConstructor'))
    mine = {id(p) for p in model.parameters()}
    assert wrapper.get_lr() == {} and not mine & {id(p) for group in wrapper.param_groups for p in group['params']}
