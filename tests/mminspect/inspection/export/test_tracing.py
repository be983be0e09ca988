"""What is replaced while a graph is traced, and what is not said."""
import logging

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mminspect.inspection.export.tracing import TraceMode, no_advice, pooled


class Asking(nn.Module):
    """Keeps what it is told about the sides of its input."""

    def forward(self, x: Tensor) -> Tensor:
        self.sides = (x.shape[1], x.size(2), x.size(-1), x.size(dim=1), x.size()[2], x.shape[-2:])
        self.batch = (x.shape[0], x.size(0), x.size(-4))
        return x + torch.arange(x.shape[3]) % 3


def test_sides_are_numbers_and_the_batch_is_not() -> None:
    asking, x = Asking(), torch.rand(2, 3, 4, 5)
    with TraceMode():
        traced = torch.jit.trace(asking, x, check_trace=False)
    assert asking.sides == (3, 4, 5, 3, 4, (4, 5))
    assert all(type(side) is int for side in (*asking.sides[:5], *asking.sides[5]))
    assert all(isinstance(side, Tensor) for side in asking.batch)
    assert torch.equal(traced(x.repeat(2, 1, 1, 1)), (x + torch.arange(5) % 3).repeat(2, 1, 1, 1))


def test_nothing_is_left_behind() -> None:
    asking = Asking()
    with TraceMode():
        pass
    torch.jit.trace(asking, torch.rand(2, 3, 4, 5), check_trace=False)
    assert isinstance(asking.sides[0], Tensor)


@pytest.mark.parametrize('grid', [1, 3, 6, (2, 5), (None, 1), (7, 9)], ids=str)
def test_pooling_by_matrices(grid) -> None:
    x = torch.randn(2, 3, 7, 9)
    torch.testing.assert_close(pooled(x, grid), F.adaptive_avg_pool2d(x, grid))
    with TraceMode():
        through_module = nn.AdaptiveAvgPool2d(grid)(x)
    torch.testing.assert_close(through_module, F.adaptive_avg_pool2d(x, grid))


@pytest.mark.parametrize('function', [torch.sigmoid, Tensor.sigmoid, nn.Sigmoid()],
                         ids=['function', 'method', 'module'])
def test_sigmoid_by_its_formula(function) -> None:
    x = torch.tensor([-200.0, -80.0, -20.0, -1.0, 0.0, 3.0, 20.0, 200.0])
    with TraceMode():
        found = function(x)
        graph = str(torch.jit.trace(lambda x: function(x) + 0, x, check_trace=False).graph)
    torch.testing.assert_close(found, torch.sigmoid(x), rtol=1e-5, atol=1e-38)
    assert 'aten::exp' in graph and 'aten::sigmoid' not in graph


def test_warnings_are_dropped_and_errors_are_not(caplog) -> None:
    logger = logging.getLogger('somebody else')
    with no_advice():
        logger.warning('consider this')
        logger.error('this is wrong')
    logger.warning('as before')
    assert [record.getMessage() for record in caplog.records] == ['this is wrong', 'as before']


def test_also_behind_an_error() -> None:
    with pytest.raises(ValueError), no_advice():
        raise ValueError
    assert logging.root.manager.disable == 0
