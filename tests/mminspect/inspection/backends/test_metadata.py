"""The description inside an exported file."""
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest

from anomaly_helpers import noise
from inspection_helpers import calibration
from mminspect.core.errors import UserError
from mminspect.inspection.backends import model_spec, open_network, set_calibration
from mminspect.inspection.spec import METADATA_KEY


def test_it_is_the_network_s_own(exported, network) -> None:
    assert model_spec(exported) == network.spec


def test_a_new_calibration_changes_nothing_else(exported, network, tmp_path) -> None:
    path, state = tmp_path / 'model.onnx', calibration().state()
    shutil.copy(exported, path)
    for wanted in (state, dict(state, value=0.9), None):
        set_calibration(path, wanted)
        assert open_network(path).spec == replace(network.spec, calibration=wanted)
    assert onnx.load(path).graph == onnx.load(exported).graph
    for name, values in open_network(exported)(noise()).items():
        np.testing.assert_array_equal(open_network(path)(noise())[name], values)
    assert [file.name for file in tmp_path.iterdir()] == ['model.onnx']


def test_a_calibration_that_cannot_be_written_leaves_the_file_alone(exported, tmp_path) -> None:
    path = tmp_path / 'model.onnx'
    shutil.copy(exported, path)
    with pytest.raises(TypeError):
        set_calibration(path, dict(value=object()))
    assert path.read_bytes() == exported.read_bytes() and len(list(tmp_path.iterdir())) == 1


def broken(exported, tmp_path, kind):
    path = tmp_path / ('model.pth' if kind == 'suffix' else 'model.onnx')
    model = onnx.load(exported)
    if kind == 'truncated':
        path.write_bytes(exported.read_bytes()[:100_000])
    elif kind == 'text':
        path.write_text('# Read me\n' * 100)
    elif kind == 'empty':
        path.write_bytes(b'')
    elif kind == 'folder':
        path.mkdir()
    elif kind == 'foreign':
        del model.metadata_props[:]
        onnx.save(model, path)
    elif kind == 'description':
        model.metadata_props[0].value = '{"version": 1}'
        onnx.save(model, path)
    elif kind == 'version':
        model.metadata_props[0].value = model.metadata_props[0].value.replace('"version": 2', '"version": 99')
        onnx.save(model, path)
    elif kind == 'suffix':
        shutil.copy(exported, path)
    return path


SAID = dict(missing='does not exist', truncated='damaged or no ONNX model', text='damaged or no ONNX model',
            empty='damaged or no ONNX model', folder='is a folder: name a file in it',
            foreign='was not exported by this project', description='description in .* is damaged',
            version='description in .* is damaged', suffix='no .onnx file')


@pytest.mark.parametrize('runtime', ['onnxruntime', 'openvino', None])
@pytest.mark.parametrize('kind', SAID)
def test_files_that_are_none_of_ours(exported, tmp_path, kind, runtime) -> None:
    path = broken(exported, tmp_path, kind)
    if runtime == 'openvino':
        pytest.importorskip('openvino')
    with pytest.raises(UserError, match=SAID[kind]) as caught:
        open_network(path, runtime) if runtime else set_calibration(path, None)
    assert path.name in str(caught.value) and '\n' not in str(caught.value)


def test_the_key_is_the_one_that_is_documented(exported) -> None:
    assert [entry.key for entry in onnx.load(exported).metadata_props] == [METADATA_KEY]
