"""The description inside an exported file."""
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from anomaly_helpers import noise
from inspection_helpers import calibration, detection_spec
from mminspect.core.errors import UserError
from mminspect.inspection.backends import model_spec, open_network, set_calibration
from mminspect.inspection.backends.metadata import check_graph
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


def changed(exported: Path, tmp_path: Path, **fields: object) -> Path:
    """A copy whose description says something else, without a checksum, as somebody may write it."""
    model = onnx.load(exported)
    described = json.loads(model.metadata_props[0].value)
    described.pop('checksum')
    model.metadata_props[0].value = json.dumps({**described, **fields})
    onnx.save(model, tmp_path / 'changed.onnx')
    return tmp_path / 'changed.onnx'


@pytest.mark.parametrize('runtime', ['onnxruntime', 'openvino', None])
@pytest.mark.parametrize(('fields', 'words'), [
    (dict(outputs=['anomaly_map', 'pred_scare']), "outputs is .*pred_scare"), (dict(outputs=['pred_score']), None),
    (dict(input_size=[64, 32]), r'input_size is \(64, 32\), and the graph takes'),
    (dict(kind='magic'), "kind 'magic' is unknown here"),
    (dict(kind='detection', outputs=['boxes', 'scores']), 'suppression is None'),
])
def test_descriptions_that_do_not_fit_the_graph(exported, tmp_path, fields, words, runtime) -> None:
    if runtime == 'openvino':
        pytest.importorskip('openvino')
    path = changed(exported, tmp_path, **fields)
    if words is None:
        open_network(path, runtime) if runtime else set_calibration(path, None)
        return
    with pytest.raises(UserError, match=words):
        open_network(path, runtime) if runtime else set_calibration(path, None)


def test_shapes_that_follow_from_the_description() -> None:
    """By hand: four candidates of two classes on one level, of an input of 32x64."""
    spec, inputs = detection_spec(), dict(images=['batch', 32, 64, 3])
    outputs = dict(boxes=['batch', 4, 4], scores=['batch', 4, 2])
    check_graph(spec, inputs, outputs, 'm.onnx')
    check_graph(spec, dict(images=[None, None, None, 3]), dict(boxes=[None] * 3, scores=[None] * 3), 'm.onnx')
    for wrong, words in ((dict(outputs, scores=['batch', 4, 3]), r'scores has the shape .*\(None, 4, 2\)'),
                         (dict(outputs, boxes=['batch', 5, 4]), 'boxes has the shape'),
                         (dict(outputs, boxes=['batch', 16]), 'boxes has the shape'),
                         (dict(boxes=outputs['boxes']), "no output 'scores'")):
        with pytest.raises(UserError, match=f'description in m.onnx does not fit its graph .*{words}'):
            check_graph(spec, inputs, wrong, 'm.onnx')
    for wrong in (dict(images=['batch', 32, 32, 3]), dict(images=['batch', 32, 64]), {}, dict(a=[], b=[])):
        with pytest.raises(UserError, match='input'):
            check_graph(spec, wrong, outputs, 'm.onnx')


@pytest.mark.parametrize('share', [0.02, 0.3, 0.6, 0.98])
def test_a_bit_that_has_flipped_is_noticed(exported, tmp_path, share) -> None:
    """Wherever it is: weights that have rotted give scores too."""
    content = bytearray(exported.read_bytes())
    content[int(share * len(content))] ^= 16
    (tmp_path / 'rotten.onnx').write_bytes(content)
    with pytest.raises(UserError, match=r'rotten\.onnx'):
        open_network(tmp_path / 'rotten.onnx')
    with pytest.raises(UserError, match=r'rotten\.onnx'):
        set_calibration(tmp_path / 'rotten.onnx', calibration().state())


def test_a_digit_of_the_threshold_that_has_flipped_is_noticed(exported, tmp_path) -> None:
    shutil.copy(exported, tmp_path / 'm.onnx')
    set_calibration(tmp_path / 'm.onnx', dict(calibration().state(), value=0.123456))
    content = (tmp_path / 'm.onnx').read_bytes()
    assert content.count(b'0.123456') == 1
    (tmp_path / 'm.onnx').write_bytes(content.replace(b'0.123456', b'0.923456'))
    with pytest.raises(UserError, match='its checksum differs'):
        open_network(tmp_path / 'm.onnx')


def test_files_without_a_checksum_are_of_earlier_versions(exported, network, tmp_path) -> None:
    path = changed(exported, tmp_path)
    assert open_network(path).spec == model_spec(path) == network.spec
    set_calibration(path, calibration().state())
    assert 'checksum' in json.loads(onnx.load(path).metadata_props[0].value)


@pytest.mark.parametrize('runtime', ['onnxruntime', 'openvino', None])
@pytest.mark.parametrize('text', [b'"fingerprint"', METADATA_KEY.encode(), b'anomaly_map', b'images'])
def test_bytes_that_are_no_text_are_damage(exported, tmp_path, text, runtime) -> None:
    """One byte of a description, a key, or the name of an output or an input, which no UTF-8 begins with."""
    if runtime == 'openvino':
        pytest.importorskip('openvino')
    path, content = tmp_path / 'rotten.onnx', exported.read_bytes()
    assert text in content
    path.write_bytes(content.replace(text, b'\xff' + text[1:]))
    with pytest.raises(UserError, match=r'rotten\.onnx') as caught:
        open_network(path, runtime) if runtime else set_calibration(path, None)
    assert '\n' not in str(caught.value)
    with pytest.raises(UserError, match=r'rotten\.onnx'):
        model_spec(path)
