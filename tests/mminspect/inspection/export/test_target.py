"""Export targets by name and suffix."""
import pytest

from mminspect.core.errors import UserError
from mminspect.inspection.export import OnnxTarget, Target, is_target, make_target, register_target, target


class Nothing(Target):
    """Writes an empty file."""

    def write(self, network, images, path) -> None:
        path.touch()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> type[Target]:
    """Registered, until the test is over."""
    monkeypatch.setattr(target._TARGETS, '_classes', dict(target._TARGETS._classes))
    return register_target('nothing', suffix='.nil')(Nothing)


def test_onnx_has_an_opset_and_integers() -> None:
    assert (OnnxTarget.name, OnnxTarget.suffix, OnnxTarget.quantizes) == ('onnx', '.onnx', True)
    assert make_target('m.onnx').opset == 17 and make_target('m.onnx', 'onnx', opset=19).opset == 19
    assert not is_target('m.nil') and not is_target('m.onnx', 'nothing')


def test_one_of_somebody_else(outside: type[Target]) -> None:
    assert type(make_target('m.nil')) is type(make_target('m.nil', 'nothing')) is outside
    assert is_target('m.nil') and is_target('m.onnx', 'nothing') and type(make_target('m.onnx')) is OnnxTarget


@pytest.mark.parametrize(('path', 'name', 'options', 'said'), [
    ('m.pt', None, {}, r'm\.pt must end in \.onnx or \.nil, or --import'),
    ('m.onnx', 'nothing', {}, r'm\.onnx must end in \.nil$'),
    ('m.nil', 'tensorrt', {}, "'tensorrt' is unknown: use one of nothing, onnx"),
    ('m.nil', None, dict(opset=17), '--opset is no option of the target nothing')])
def test_mistakes(outside: type[Target], path: str, name: str | None, options: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        make_target(path, name, **options)


def test_a_name_has_one_target() -> None:
    with pytest.raises(UserError, match='OnnxTarget has already'):
        register_target('onnx', '.nil')(type('Other', (Nothing,), {}))
    assert OnnxTarget.suffix == '.onnx'
