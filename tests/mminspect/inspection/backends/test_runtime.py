"""Runtimes by name and suffix, one of somebody else among them."""
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_helpers import anomaly_spec, calibration
from mminspect.core.errors import UserError
from mminspect.inspection.backends import (
    ExportedNetwork,
    OnnxNetwork,
    OpenVinoNetwork,
    exported_suffixes,
    find_runtime,
    is_exported,
    open_network,
    register_runtime,
    runtime,
    runtime_names,
    set_calibration,
)


class Nothing(ExportedNetwork):
    """Reads no file and computes zeros."""

    def __init__(self, path: str | Path, threads: int | None = None, precision: str = 'f32',
                 device: str = 'cpu') -> None:
        self.opened, self.precision, self.spec = (path, threads, precision, device), precision, anomaly_spec()

    def __call__(self, images: NDArray[np.float32]) -> dict[str, Any]:
        return {name: np.zeros(len(images), np.float32) for name in self.spec.outputs}


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[type]:
    """The registry with one more runtime, and one more for ONNX files; as before when the test is over."""
    monkeypatch.setattr(runtime._RUNTIMES, '_classes', dict(runtime._RUNTIMES._classes))
    register_runtime('a_second', suffix='.onnx', precisions=('f16',), devices=('npu',))(type('Second', (Nothing,), {}))
    return register_runtime('nothing', suffix='.NIL', precisions=('i8', 'f32'), devices=('cpu', 'cuda'))(Nothing)


def test_the_project_s_own() -> None:
    assert runtime_names() == runtime_names('.onnx') == ('onnxruntime', 'openvino')
    assert (OnnxNetwork.precisions, OpenVinoNetwork.precisions) == (('f32',), ('f32', 'bf16'))
    assert OnnxNetwork.devices == OpenVinoNetwork.devices == ('cpu',) and exported_suffixes() == ('.onnx',)
    assert is_exported('a/M.ONNX') and not is_exported('epoch_1.pth') and not is_exported('onnx')


def test_the_first_of_a_suffix_is_its_default(outside: type) -> None:
    assert runtime_names('.onnx') == ('onnxruntime', 'openvino', 'a_second') and find_runtime('m.onnx') is OnnxNetwork
    assert find_runtime('m.nil') is outside and is_exported('m.nil') and exported_suffixes() == ('.onnx', '.nil')


def test_what_is_asked_for_reaches_it(outside: type) -> None:
    assert open_network('m.nil').opened == ('m.nil', None, 'i8', 'cpu')
    network = open_network('m.nil', 'nothing', threads=2, precision='f32', device='cuda:1')
    assert network.opened == ('m.nil', 2, 'f32', 'cuda:1') and network.runtime == 'nothing'


@pytest.mark.parametrize(('path', 'options', 'said'), [
    ('m.onnx', dict(runtime='nothing'),
     r'runtime nothing reads \.nil files and not m\.onnx: use runtime onnxruntime or openvino or a_second'),
    ('m.nil', dict(runtime='openvino'), r'runtime openvino reads \.onnx files and not m\.nil: use runtime nothing'),
    ('m.nil', dict(runtime='tensorrt'), 'use one of onnxruntime, openvino, a_second, nothing'),
    ('m.pth', {}, r'm\.pth is no \.onnx or \.nil file'),
    ('m.nil', dict(precision='bf16'), 'runtime nothing computes m.nil in i8 or f32, not in bf16: leave'),
    ('m.onnx', dict(precision='f16'), 'onnxruntime computes m.onnx in f32, not in f16: use runtime a_second, or leave'),
    ('m.nil', dict(device='npu:0'), 'runs on the CPU or cuda: give its checkpoint, or device cpu instead of npu:0'),
    ('m.onnx', dict(runtime='a_second'), 'runs on npu: .* device npu instead of cpu')])
def test_mistakes(outside: type, path: str, options: dict, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        open_network(path, **options)
    assert '\n' not in str(caught.value)


def test_a_calibration_that_is_not_stored_is_said_so(outside: type) -> None:
    with pytest.raises(UserError, match=r'm\.nil takes no calibration, because runtime nothing does not store any'):
        set_calibration('m.nil', calibration().state())


@pytest.mark.parametrize(('name', 'suffix', 'said'), [
    ('onnxruntime', '.nil', "'onnxruntime', which .*OnnxNetwork has already"),
    ('pytorch', '.nil', 'which are checkpoints'), ('mine', '.pth', 'which are checkpoints')])
def test_names_that_are_taken(name: str, suffix: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        register_runtime(name, suffix)(type('Other', (Nothing,), {}))
    assert runtime_names() == ('onnxruntime', 'openvino')
