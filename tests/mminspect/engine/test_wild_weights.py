"""Weights that no training leaves."""
import pytest
import torch

from mminspect.engine.wild_weights import LARGEST_WEIGHT, wild_weights

NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize('values', [[0.0, NAN], [INF, 1.0], [-INF, 1.0], [NAN, INF, 0.0]])
def test_what_is_not_finite(values: list[float], dtype: torch.dtype) -> None:
    assert wild_weights(dict(a=torch.ones(2, dtype=dtype), b=torch.tensor(values, dtype=dtype))) == ['b']


@pytest.mark.parametrize('value', [1.01 * LARGEST_WEIGHT, -1e30])
def test_what_is_beyond_all_reason(value: float) -> None:
    assert wild_weights(dict(a=torch.tensor([1.0, value]))) == ['a']
    assert wild_weights(dict(a=torch.tensor(LARGEST_WEIGHT))) == []


def test_what_is_no_weight() -> None:
    """Counters, masks of attention, empty banks, weights without memory, and what is no tensor."""
    mask = torch.full((3, 3), -INF).triu(1)
    assert wild_weights(dict(counter=torch.tensor(2**60), mask=mask, bank=torch.zeros(0, 8), name='x',
                             meta=torch.zeros(2, device='meta'), flags=torch.tensor([True]))) == []
    assert wild_weights(dict(a=torch.full((2,), INF))) == ['a']
