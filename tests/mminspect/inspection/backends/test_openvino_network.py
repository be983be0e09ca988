"""Exported networks on OpenVINO, which is optional."""
import sys

import numpy as np
import onnx
import pytest

from anomaly_helpers import noise
from mminspect.core.errors import UserError
from mminspect.inspection.backends import OpenVinoNetwork


@pytest.fixture
def openvino():
    """The library; the test is skipped where it is absent."""
    return pytest.importorskip('openvino')


def test_it_computes_what_pytorch_does(exported, network, openvino) -> None:
    ours = OpenVinoNetwork(exported, threads=1)
    assert ours.runtime == 'openvino' and ours.spec == network.spec and ours.precision == 'f32'
    for count in (1, 3):
        expected, found = network(noise(count, seed=count)), ours(noise(count, seed=count))
        assert list(found) == ['anomaly_map', 'pred_score']
        for name, values in found.items():
            np.testing.assert_allclose(values, expected[name], atol=1e-4)


def test_results_outlive_the_next_call(exported, openvino) -> None:
    ours = OpenVinoNetwork(exported, threads=1)
    first = ours(noise(seed=1))
    kept = {name: values.copy() for name, values in first.items()}
    ours(noise(seed=2))
    for name, values in kept.items():
        np.testing.assert_array_equal(first[name], values)


def test_precision_is_set_and_not_openvino_s_choice(exported, openvino) -> None:
    assert OpenVinoNetwork(exported)._compiled.get_property('INFERENCE_PRECISION_HINT') == openvino.Type.f32
    capabilities = openvino.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
    if 'BF16' not in capabilities:
        with pytest.raises(UserError, match='does not compute in bf16'):
            OpenVinoNetwork(exported, precision='bf16')
        return
    exact, half = OpenVinoNetwork(exported), OpenVinoNetwork(exported, precision='bf16')
    assert half._compiled.get_property('INFERENCE_PRECISION_HINT') == openvino.Type.bf16 and half.precision == 'bf16'
    apart = np.abs(half(noise())['anomaly_map'] - exact(noise())['anomaly_map']).max()
    assert 1e-6 < apart < 0.1


def test_threads_are_those_that_were_asked_for(exported, openvino) -> None:
    assert OpenVinoNetwork(exported, threads=1)._compiled.get_property('INFERENCE_NUM_THREADS') == 1


def test_mistakes(exported, monkeypatch, openvino) -> None:
    with pytest.raises(UserError, match="precision 'f16' is unknown"):
        OpenVinoNetwork(exported, precision='f16')
    monkeypatch.setitem(sys.modules, 'openvino', None)
    with pytest.raises(UserError, match=r'pip install \.\[deploy\]'):
        OpenVinoNetwork(exported)


def test_a_graph_that_openvino_cannot_compute(exported, tmp_path, openvino) -> None:
    """An operator of somebody's own."""
    model = onnx.load(exported)
    node = next(node for node in model.graph.node if node.op_type == 'Relu')
    node.op_type, node.domain = 'Unknown', 'somewhere'
    model.opset_import.append(onnx.helper.make_opsetid('somewhere', 1))
    onnx.save(model, tmp_path / 'model.onnx')
    with pytest.raises(UserError, match='use runtime onnxruntime') as caught:
        OpenVinoNetwork(tmp_path / 'model.onnx')
    assert '\n' not in str(caught.value)
