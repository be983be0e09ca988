"""One small exported model for all tests of the package."""
from pathlib import Path

import pytest

import anomaly_rd  # noqa: F401 (registers the components)
from anomaly_helpers import small_network
from mminspect.inspection.export import export_onnx
from mminspect.inspection.networks import TorchNetwork


@pytest.fixture(scope='session')
def network() -> TorchNetwork:
    """Reverse distillation with random weights."""
    return small_network()


@pytest.fixture(scope='session')
def exported(network: TorchNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its file, not to be changed."""
    path = tmp_path_factory.mktemp('exported') / 'model.onnx'
    export_onnx(network, path)
    return path
