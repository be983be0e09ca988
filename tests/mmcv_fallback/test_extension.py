"""The module that stands in for mmcv._ext."""

import inspect
import re
from pathlib import Path

import mmcv
import pytest
import torch

from mmcv_fallback import extension


def compiled_arguments() -> dict[str, list[str]]:
    """Return the argument names of each operator in the C++ bindings that the wheel carries."""
    source = Path(mmcv.__file__).parent / 'ops/csrc/pytorch/pybind.cpp'
    if not source.exists():
        pytest.skip('this mmcv comes without its C++ sources')
    bindings = re.findall(r'm\.def\("(\w+)",(.*?)\);', source.read_text(), flags=re.DOTALL)
    return {name: re.findall(r'py::arg\("(\w+)"\)', rest) for name, rest in bindings}


@pytest.mark.parametrize('name', extension.__all__)
def test_signature_is_that_of_the_compiled_operator(name: str) -> None:
    parameters = list(inspect.signature(getattr(extension, name)).parameters)
    assert parameters == compiled_arguments()[name]


def test_missing_operator_names_itself_and_the_remedy() -> None:
    with pytest.raises(NotImplementedError) as caught:
        extension.carafe_forward(1, group_size=2)
    message = str(caught.value)
    assert message.startswith('carafe_forward: ')
    assert 'without compiled operators' in message
    assert 'MMCV_WITH_OPS=1 pip install' in message and '\n' not in message


def test_missing_operator_keeps_its_identity() -> None:
    assert extension.ball_query_forward is extension.ball_query_forward
    assert extension.ball_query_forward.__name__ == 'ball_query_forward'
    assert extension.ball_query_forward is not extension.carafe_forward


@pytest.mark.parametrize('name', ['__path__', '__wrapped__', '_private'])
def test_names_with_underscores_do_not_exist(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(extension, name)
    assert not hasattr(extension, name)


def test_environment_report_of_mmcv_works() -> None:
    assert mmcv.ops.get_compiler_version() == 'n/a (mmcv_fallback)'
    assert mmcv.ops.get_compiling_cuda_version() == 'not available'


def test_layer_on_a_missing_operator_builds_and_then_says_so() -> None:
    layer = mmcv.ops.CARAFE(1, 1, 2)
    with pytest.raises(NotImplementedError, match='carafe_forward'):
        layer(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 8, 8))
