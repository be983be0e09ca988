from collections.abc import Callable
from math import exp

import pytest
import torch

from anomaly_rd.models.layers import build_act
from mminspect.core.errors import UserError


@pytest.mark.parametrize(('name', 'expected'), [('ReLU', lambda x: max(x, 0)), ('SiLU', lambda x: x / (1 + exp(-x)))])
def test_values(name: str, expected: Callable[[float], float]) -> None:
    x = torch.tensor([-3.0, -0.5, 0.0, 2.0])
    assert build_act(name)(x.clone()).tolist() == pytest.approx([expected(v) for v in x.tolist()], rel=1e-5)


def test_unknown_name() -> None:
    with pytest.raises(UserError, match="act is 'GELU'"):
        build_act('GELU')
