import copy
import pickle

import pytest
import torch
from mmengine.config import ConfigDict
from torch import Tensor, nn
from torch.nn import functional as F

from mminspect.models.precision import active_autocast, in_float32, lifted, losses_in_float32

HALVES = [torch.bfloat16, torch.float16]


@in_float32
def product(a: Tensor, *, others: dict[str, list[Tensor]]) -> Tensor:
    """A loss that autocast would compute in half precision."""
    return (a @ others['b'][0]).sum()


@pytest.mark.parametrize('dtype', HALVES)
def test_what_autocast_computes_in(dtype: torch.dtype) -> None:
    assert active_autocast('cpu') is None and active_autocast('cuda') is None
    with torch.autocast('cpu', dtype):
        assert active_autocast('cpu') == dtype and active_autocast('cuda') is None
        assert active_autocast('meta') is None
        with torch.autocast('cpu', enabled=False):
            assert active_autocast('cpu') is None


@pytest.mark.parametrize('dtype', HALVES)
def test_values_and_gradients_are_those_of_float32(dtype: torch.dtype) -> None:
    values = [torch.randn(3, 200).to(dtype), torch.randn(200, 4).to(dtype)]
    half, full = ([v.clone().requires_grad_() for v in copies] for copies in (values, [v.float() for v in values]))
    with torch.autocast('cpu', dtype):
        found = product(half[0], others=dict(b=[half[1]]))
    expected = product(full[0], others=dict(b=[full[1]]))
    found.backward(), expected.backward()
    assert found.dtype == torch.float32 and torch.equal(found, expected)
    assert all(torch.equal(a.grad, b.grad.to(dtype)) for a, b in zip(half, full, strict=True))


def test_outside_of_autocast_nothing_changes() -> None:
    a = torch.ones(2, 2, dtype=torch.bfloat16)
    assert product(a, others=dict(b=[a])).dtype == torch.bfloat16
    assert product(a.double(), others=dict(b=[a.double()])).dtype == torch.float64


def test_lists_tuples_and_dicts_are_gone_through_and_others_kept() -> None:
    half, full, whole = torch.ones(2, dtype=torch.float16), torch.ones(2), torch.ones(2, dtype=torch.int64)
    value = dict(a=[half, (full, half)], b=3, c=whole)
    found = lifted(value)
    assert found['a'][0].dtype == found['a'][1][1].dtype == torch.float32
    assert found['a'][1][0] is full and found['b'] == 3 and found['c'] is whole and isinstance(found['a'][1], tuple)
    assert value['a'][0] is half
    for unchanged in ([full, (whole, )], dict(a=full), ConfigDict(a=dict(b=1)), (), None, 'text'):
        assert lifted(unchanged) is unchanged


class DirectionLoss(nn.Module):
    """As somebody else writes one."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return 1 - F.cosine_similarity(a, b).mean()


class Direction(DirectionLoss):
    """Not named as a loss."""


def test_submodules_that_are_losses_compute_in_float32_within_the_block() -> None:
    model = nn.ModuleDict(dict(linear=nn.Linear(300, 300), deep=nn.ModuleList([DirectionLoss()]), other=Direction()))
    loss, a, b = model['deep'][0], torch.randn(4, 300), torch.randn(4, 300)
    with torch.autocast('cpu', torch.bfloat16):
        a, b = (model['linear'](x) for x in (a, b))
        assert loss(a, b).dtype == torch.bfloat16
        with losses_in_float32(model):
            found, other = loss(a, b), model['other'](a, b)
        assert loss(a, b).dtype == torch.bfloat16 and 'forward' not in vars(loss)
    assert other.dtype == torch.bfloat16 and torch.equal(found, loss(a.float(), b.float()))


def test_the_block_ends_with_an_exception_and_leaves_a_model_that_can_be_copied() -> None:
    model = nn.ModuleList([DirectionLoss()])
    with pytest.raises(ZeroDivisionError), torch.autocast('cpu', torch.bfloat16), losses_in_float32(model):
        assert 'forward' in vars(model[0])
        raise ZeroDivisionError
    with losses_in_float32(model):
        assert 'forward' not in vars(model[0])  # there is no autocast
    assert not vars(copy.deepcopy(pickle.loads(pickle.dumps(model)))[0]).get('forward')
