import pytest
import torch
from mmengine.optim import OptimWrapper, build_optim_wrapper
from torch import nn

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
