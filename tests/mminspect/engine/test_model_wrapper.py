import pytest
from torch import nn

from mminspect.engine import unwrap


@pytest.mark.parametrize('wrap', [lambda model: model, nn.DataParallel])
def test_unwrap(wrap):
    model = nn.Sequential(nn.Linear(1, 1))
    assert unwrap(wrap(model)) is model


def test_a_part_called_module_is_no_wrapper():
    model = nn.Module()
    model.module = nn.Linear(1, 1)
    assert unwrap(model) is model
