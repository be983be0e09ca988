"""Which runtime opens a file."""
import pytest

from mminspect.core.errors import UserError
from mminspect.inspection.backends import OnnxNetwork, OpenVinoNetwork, open_network


def test_onnx_runtime_by_default(exported) -> None:
    for runtime, precision in ((None, None), ('onnxruntime', None), (None, 'f32')):
        assert isinstance(open_network(exported, runtime, 1, precision), OnnxNetwork)


def test_openvino_on_request(exported) -> None:
    pytest.importorskip('openvino')
    network = open_network(exported, 'openvino')
    assert isinstance(network, OpenVinoNetwork) and network.precision == 'f32'


@pytest.mark.parametrize(('options', 'said'), [
    (dict(runtime='tensorrt'), "'tensorrt' is unknown"), (dict(threads=0), 'at least 1 thread'),
    (dict(precision='bf16'), 'use runtime openvino')])
def test_mistakes(exported, options, said) -> None:
    with pytest.raises(UserError, match=said):
        open_network(exported, **options)
