"""Every runtime keeps the one interface."""
from inspect import signature
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import noise, small_network
from mminspect.inspection.backends import OnnxNetwork, OpenVinoNetwork, runtime_names
from mminspect.inspection.export import export_onnx
from mminspect.inspection.network import PYTORCH, Network
from mminspect.inspection.networks import TorchNetwork


@pytest.mark.parametrize('kind', [TorchNetwork, OnnxNetwork, OpenVinoNetwork])
def test_signatures(kind: type) -> None:
    assert signature(kind.__call__, eval_str=True) == signature(Network.__call__, eval_str=True)
    documented = kind.__doc__.partition('Attributes:')[2]
    assert all(f'{name}: ' in documented or name == 'spec' for name in get_type_hints(Network))
    assert kind.runtime in (PYTORCH, *runtime_names())


def test_networks_that_need_no_extra(tmp_path: Path) -> None:
    exact = small_network()
    export_onnx(exact, tmp_path / 'm.onnx')
    for network in (exact, OnnxNetwork(tmp_path / 'm.onnx')):
        assert all(hasattr(network, name) for name in get_type_hints(Network))
        assert network.spec == exact.spec and network.precision == 'f32'
        for count in (3, 1):  # changes from call to call
            found = network(noise(count))
            assert tuple(found) == network.spec.outputs
            assert all(values.dtype == np.float32 and len(values) == count for values in found.values())
