"""8-bit versions of exported networks."""
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import SIDE, noise, small_network
from detection_helpers import tiny_network
from inspection_helpers import anomaly_spec, calibration
from mminspect.core.errors import UserError
from mminspect.inspection.backends import model_spec, open_network
from mminspect.inspection.export import export_onnx, quantize
from mminspect.inspection.export.quantize import kept_nodes, normal_pixels, quantize_onnx
from mminspect.inspection.geometry import fit
from mminspect.inspection.networks import TorchNetwork
from mminspect.inspection.spec import NetworkSpec
from mminspect.vision import reading
from mminspect.vision.images import read_image


@pytest.fixture(scope='module')
def pictures(tmp_path_factory) -> list[Path]:
    """Six pictures of 96x128 with something to see."""
    folder, rng = tmp_path_factory.mktemp('pictures'), np.random.default_rng(0)
    for i in range(6):
        coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f'{i}.png'), cv2.resize(coarse, (128, 96), interpolation=cv2.INTER_CUBIC))
    return sorted(folder.iterdir())


@pytest.fixture(scope='module')
def exported(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('exported') / 'model.onnx'
    export_onnx(small_network(calibration=calibration().state()), path)
    return path


def quantized_nodes(model: onnx.ModelProto) -> set[str]:
    """Nodes of which an input comes from 8 bits."""
    floats = {node.output[0] for node in model.graph.node if node.op_type == 'DequantizeLinear'}
    return {node.name for node in model.graph.node if node.op_type == 'Conv' and floats & set(node.input)}


def test_a_smaller_file_that_computes_nearly_the_same(exported, pictures, tmp_path) -> None:
    quantize_onnx(exported, tmp_path / 'int8.onnx', pictures)
    exact, small = open_network(exported, threads=1), open_network(tmp_path / 'int8.onnx', threads=1)
    assert small.spec == replace(exact.spec, name=f'{exact.spec.name}-int8', fingerprint=small.spec.fingerprint,
                                 calibration=None)  # which the scores of 8 bits have not made
    size = {path.name: path.stat().st_size for path in (exported, tmp_path / 'int8.onnx')}
    assert size['int8.onnx'] < 0.6 * size['model.onnx']
    seen = np.concatenate(list(normal_pixels(pictures, exact.spec)))
    ours, theirs = small(seen), exact(seen)
    apart = np.abs(ours['anomaly_map'] - theirs['anomaly_map'])
    assert 0 < apart.max() and apart.mean() < 0.1 * theirs['anomaly_map'].std(axis=0).mean()
    assert small(noise(3))['pred_score'].shape == (3,)  # any batch


def test_standard_operators_and_what_stays_exact(exported, pictures, tmp_path) -> None:
    quantize_onnx(exported, tmp_path / 'int8.onnx', pictures[:2])
    before, model = onnx.load(exported), onnx.load(tmp_path / 'int8.onnx')
    assert {node.domain for node in model.graph.node} == {''}
    assert {entry.domain for entry in model.opset_import if entry.domain} <= {'ai.onnx.ml'}
    convolutions = {node.name for node in before.graph.node if node.op_type == 'Conv'}
    kept = convolutions & set(kept_nodes(before.graph))
    assert len([name for name in kept if 'blur' in name]) == 2 and quantized_nodes(model) == convolutions - kept
    weights, scalar = {tensor.name: tensor for tensor in model.graph.initializer}, TensorProto()
    of_weights = [[weights[name] for name in node.input] for node in model.graph.node
                  if node.op_type == 'DequantizeLinear' and len(weights.get(node.input[0], scalar).dims) == 4]
    assert len(of_weights) == len(convolutions - kept)
    for kernel, scale, _ in of_weights:  # a scale for every channel
        assert kernel.data_type == TensorProto.INT8 and list(scale.dims) == [kernel.dims[0]]
    kinds = Counter(node.op_type for node in model.graph.node)
    assert kinds['ConvTranspose'] == Counter(node.op_type for node in before.graph.node)['ConvTranspose']


def test_a_detector_too(pictures, tmp_path) -> None:
    _, module, fields = tiny_network('GFL')
    export_onnx(TorchNetwork(module, NetworkSpec(name='gfl', fingerprint='0123456789abcdef', **fields)),
                tmp_path / 'model.onnx')
    quantize_onnx(tmp_path / 'model.onnx', tmp_path / 'int8.onnx', pictures)
    exact, small = (open_network(tmp_path / name, threads=1) for name in ('model.onnx', 'int8.onnx'))
    seen = np.concatenate(list(normal_pixels(pictures, exact.spec)))
    ours, theirs = small(seen), exact(seen)
    assert np.abs(ours['scores'] - theirs['scores']).max() < 0.15
    assert np.abs(ours['boxes'] - theirs['boxes']).mean() < 0.05 * max(exact.spec.input_size)


def test_images_are_read_one_at_a_time(exported, pictures, tmp_path, monkeypatch) -> None:
    spec, read, given = model_spec(exported), [], []
    monkeypatch.setattr(reading, 'read_image', lambda path, *options: read.append(path) or read_image(path, *options))
    pixels = normal_pixels(pictures, spec)
    for path in pictures[:2]:
        given.append(next(pixels))
        assert read[-1] == path and len(read) == len(given)
    np.testing.assert_array_equal(given[1][0], fit(read_image(pictures[1]), spec).pixels)


def test_of_many_images_enough_at_equal_distances(pictures, monkeypatch) -> None:
    seen = []
    monkeypatch.setattr(reading, 'read_image', lambda path, *_: seen.append(path) or np.zeros((4, 4, 3), np.uint8))
    list(normal_pixels([f'{i}.png' for i in range(397)], anomaly_spec()))
    assert seen == [f'{i}.png' for i in range(0, 397, 4)] and len(seen) == quantize.ENOUGH


def test_tiles_of_a_tiled_model(pictures) -> None:
    spec = anomaly_spec(tile=64, overlap=0, input_size=(SIDE, SIDE))
    tiles = list(normal_pixels(pictures[:1], spec))
    image = read_image(pictures[0])
    assert len(tiles) == 4 and all(tile.shape == (1, SIDE, SIDE, 3) for tile in tiles)
    np.testing.assert_array_equal(tiles[1][0], image[:64, 64:])


def test_tiles_of_the_calibration_come_first(pictures) -> None:
    image = read_image(pictures[0])
    state = replace(calibration(), tile=128, overlap=0).state()
    for tile in (None, 16):
        (only, ) = normal_pixels(pictures[:1], anomaly_spec(tile=tile, calibration=state, input_size=(128, 128)))
        np.testing.assert_array_equal(only[0, :96], image)


def test_other_weights_have_another_fingerprint(exported, pictures, tmp_path) -> None:
    for name, images in (('a', pictures[:2]), ('b', pictures[:2]), ('c', pictures[2:3])):
        quantize_onnx(exported, tmp_path / f'{name}.onnx', images)
    a, b, c, exact = (model_spec(path).fingerprint for path in (*(tmp_path / f'{n}.onnx' for n in 'abc'), exported))
    assert a == b and len({a, c, exact}) == 3 and len(a) == len(exact)


def test_nodes_that_stay() -> None:
    """images -> first -> relu -> second -> shortcut (+ first) -> relu -> last -> sum -> blur."""
    def conv(name: str, source: str, outs: int, ins: int):
        kernel = helper.make_tensor(f'{name}_w', TensorProto.FLOAT, (outs, ins, 1, 1), np.ones(outs * ins))
        return helper.make_node('Conv', [source, kernel.name], [name], name=name), kernel
    (first, a), (second, b), (last, c), (blur, d) = (
        conv('first', 'images', 4, 3), conv('second', 'relu1', 4, 4), conv('last', 'relu2', 1, 4),
        conv('blur', 'sum', 1, 1))
    nodes = [first, helper.make_node('Relu', ['first'], ['relu1'], name='relu1'), second,
             helper.make_node('Add', ['second', 'relu1'], ['shortcut'], name='shortcut'),
             helper.make_node('Relu', ['shortcut'], ['relu2'], name='relu2'), last,
             helper.make_node('Add', ['last', 'last'], ['sum'], name='sum'), blur]
    graph = helper.make_graph(nodes, 'g', [], [], [a, b, c, d])
    assert set(kept_nodes(graph)) == {'last', 'sum', 'blur'}


def test_mistakes(exported, pictures, tmp_path) -> None:
    with pytest.raises(UserError, match='does not exist'):
        quantize_onnx(tmp_path / 'nothing.onnx', tmp_path / 'int8.onnx', pictures)
    (tmp_path / 'bad.png').write_bytes(b'no image')
    with pytest.raises(UserError, match=r'bad\.png'):
        quantize_onnx(exported, tmp_path / 'int8.onnx', [*pictures[:1], tmp_path / 'bad.png'])
    assert not (tmp_path / 'int8.onnx').exists()


def test_images_are_read_as_the_model_asks(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / 'deep.png'), np.full((SIDE, SIDE), 819, np.uint16))
    spec = anomaly_spec(input_size=(SIDE, SIDE), reading=reading.Reading(4095))
    np.testing.assert_allclose(next(normal_pixels([tmp_path / 'deep.png'], spec)), 51, rtol=1e-6)
