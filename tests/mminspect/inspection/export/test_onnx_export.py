"""Exporting: what is written, and when nothing is."""
import logging

import numpy as np
import onnx
import pytest
import torch
from torch import nn

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import FOLDER, MKD, RD4AD, noise, small_network
from inspection_helpers import anomaly_spec
from mminspect.core.errors import UserError
from mminspect.inspection.backends import model_spec, open_network
from mminspect.inspection.export import export_onnx
from mminspect.inspection.networks import TorchNetwork


class Maps(nn.Module):
    """The map is the mean colour, ``change``d."""

    def __init__(self, change=lambda maps: maps) -> None:
        super().__init__()
        self.weight, self.change = nn.Parameter(torch.ones(3) / 3), change
        self.model = nn.Identity()  # the export asks it what it cannot do: nothing is known

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        maps = self.change((images * self.weight).sum(-1))
        return maps, maps.amax((1, 2))


def test_real_channels_of_a_resnet_with_its_difference(tmp_path) -> None:
    network = small_network(slim=False)
    apart = export_onnx(network, tmp_path / 'model.onnx')
    assert set(apart) == {'anomaly_map', 'pred_score'} and 0 < apart['anomaly_map'] < 1e-4
    expected = network(noise(2))
    for name, values in open_network(tmp_path / 'model.onnx')(noise(2)).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-4)


@pytest.mark.parametrize('opset', [17, 18, 20])
def test_the_wanted_operators(tmp_path, opset) -> None:
    export_onnx(TorchNetwork(Maps(), anomaly_spec()), tmp_path / 'model.onnx', opset)
    assert {entry.domain: entry.version for entry in onnx.load(tmp_path / 'model.onnx').opset_import} == {'': opset}


@pytest.mark.parametrize('opset', [16, 21, 99])
def test_other_operators_are_refused(tmp_path, opset) -> None:
    with pytest.raises(UserError, match=f'opset {opset} cannot be exported: take one of 17 to 20'):
        export_onnx(small_network(), tmp_path / 'model.onnx', opset)
    assert not list(tmp_path.iterdir())


def test_the_network_stays_as_it_was(tmp_path) -> None:
    network = small_network()
    before, weights = network(noise()), {k: v.clone() for k, v in network.module.state_dict().items()}
    export_onnx(network, tmp_path / 'model.onnx')
    assert all(torch.equal(value, weights[name]) for name, value in network.module.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.module.model.decoder.parameters())
    for name, values in network(noise()).items():
        np.testing.assert_array_equal(values, before[name])


def test_description_and_a_free_name(tmp_path) -> None:
    spec = anomaly_spec(tile=96)
    export_onnx(TorchNetwork(Maps(), spec), tmp_path / 'new' / 'any.onnx')
    assert model_spec(tmp_path / 'new' / 'any.onnx') == spec


def test_map_of_gradients(tmp_path, messages) -> None:
    assert set(export_onnx(small_network(MKD), tmp_path / 'model.onnx')) == {'pred_score'}
    assert model_spec(tmp_path / 'model.onnx').outputs == ('pred_score',)
    assert any('pred_score alone' in line for line in messages)


def test_small_probabilities_keep_their_order(tmp_path) -> None:
    network = TorchNetwork(Maps(lambda maps: (maps / 5 - 60).sigmoid()), anomaly_spec())
    export_onnx(network, tmp_path / 'model.onnx')
    expected = network(noise(side=32))['anomaly_map']
    assert expected.max() < 1e-4 and 0 < expected.min() < 1e-20
    for runtime in ('onnxruntime', 'openvino'):
        if runtime == 'openvino':
            pytest.importorskip('openvino')
        found = open_network(tmp_path / 'model.onnx', runtime)(noise(side=32))['anomaly_map']
        np.testing.assert_allclose(found, expected, rtol=1e-3)


def nan(maps):
    return maps * float('nan')


def different(maps):
    """Another result while it is traced."""
    return maps + 0.01 if torch.jit.is_tracing() else maps


def unknown(maps):
    return torch.linalg.svdvals(maps)[:, :1, None] + maps


def one_batch(maps):
    """A batch of two is built into the graph."""
    return torch.zeros(2, *maps.shape[1:]) + maps if torch.jit.is_tracing() else maps


@pytest.mark.parametrize(('change', 'said'), [
    (nan, 'is nan away from PyTorch'), (different, r'is 0\.01 away from PyTorch'), (unknown, 'standard operators'),
    (one_batch, 'fails on a batch of')], ids=['nan', 'different', 'unknown', 'one_batch'])
def test_what_differs_or_cannot_be_computed_is_not_written(tmp_path, change, said) -> None:
    (tmp_path / 'model.onnx').write_bytes(b'the old one')
    with pytest.raises(UserError, match=said) as caught:
        export_onnx(TorchNetwork(Maps(change), anomaly_spec()), tmp_path / 'model.onnx')
    assert '\n' not in str(caught.value)
    assert (tmp_path / 'model.onnx').read_bytes() == b'the old one' and len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, 'No space left on device')
    (tmp_path / 'model.onnx').write_bytes(b'the old one')
    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        export_onnx(TorchNetwork(Maps(), anomaly_spec()), tmp_path / 'model.onnx')
    assert (tmp_path / 'model.onnx').read_bytes() == b'the old one' and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize('path', [RD4AD, FOLDER / 'rfa' / 'rfa_r18_20e_mvtec.py'], ids=lambda path: path.stem)
def test_it_is_quiet(tmp_path, capfd, caplog, recwarn, path) -> None:
    network = small_network(path)
    capfd.readouterr()
    with caplog.at_level(logging.WARNING):
        export_onnx(network, tmp_path / 'model.onnx')
    written = capfd.readouterr()
    assert not written.out and not written.err and not caplog.records
    assert not [warning for warning in recwarn.list if 'trac' in str(warning.message).lower()]
    assert logging.root.manager.disable == 0
