"""What the project does around a target: nothing is written that computes something else."""
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

import anomaly_rd  # noqa: F401 (the task asks its models what they cannot do)
from inspection_helpers import anomaly_spec
from mminspect.core.errors import UserError
from mminspect.inspection.backends import ExportedNetwork, register_runtime, runtime
from mminspect.inspection.export import Target, export_network
from mminspect.inspection.networks import TorchNetwork
from mminspect.inspection.spec import NetworkSpec


class Mean(nn.Module):
    """The map is the mean colour, the score the largest of it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.model = nn.Parameter(torch.ones(3) / 3), nn.Identity()

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        maps = (images * self.weight).sum(-1)
        return maps, maps.amax((1, 2))


class Weights(Target):
    """A file of the three weights and the description, which spoils the copy that it was given."""

    suffix = '.three'

    def write(self, network: TorchNetwork, images: NDArray[np.float32], path: Path) -> None:
        assert images.shape == (3, *network.spec.input_size, 3) and images.dtype == np.float32 and not path.exists()
        weights = network.module.weight.detach().numpy()
        path.write_text(f'{",".join(map(str, weights))}\n{network.spec.to_json()}')
        network.module.weight.data.zero_()


class ThreeWeights(ExportedNetwork):
    """Computes them with NumPy, plus ``error``; at most ``limit`` images."""

    error, limit = 0.0, 99

    def __init__(self, path: str | Path, *_: Any) -> None:
        weights, description = Path(path).read_text().split('\n')
        self.weights, self.spec = np.array(weights.split(','), np.float32), NetworkSpec.from_json(description, 'a file')

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        if len(images) > self.limit:
            raise RuntimeError('one line\nthe batch is too large')
        maps = images @ self.weights + self.error
        return dict(anomaly_map=maps, pred_score=maps.max((1, 2)))


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime, until the test is over."""
    monkeypatch.setattr(runtime._RUNTIMES, '_classes', dict(runtime._RUNTIMES._classes))
    register_runtime('three', suffix='.three')(ThreeWeights)


def test_what_agrees_is_written_and_the_network_stays(tmp_path: Path) -> None:
    network = TorchNetwork(Mean(), anomaly_spec())
    apart = export_network(network, tmp_path / 'new' / 'm.three', Weights())
    assert set(apart) == {'anomaly_map', 'pred_score'} and max(apart.values()) < 1e-4
    weights, description = (tmp_path / 'new' / 'm.three').read_text().split('\n')
    assert [float(weight) for weight in weights.split(',')] == pytest.approx([1 / 3] * 3)
    assert NetworkSpec.from_json(description, 'm.three') == network.spec
    assert network.module.weight.detach().tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(('changed', 'said'), [
    (dict(error=0.5), r'is 0\.5 away from PyTorch'), (dict(error=float('nan')), 'is nan away from PyTorch'),
    (dict(limit=1), 'fails on a batch of 3, so that nothing is written: the batch is too large')])
def test_what_does_not_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict,
                                           said: str) -> None:
    for name, value in changed.items():
        monkeypatch.setattr(ThreeWeights, name, value)
    (tmp_path / 'm.three').write_text('the old one')
    with pytest.raises(UserError, match=said) as caught:
        export_network(TorchNetwork(Mean(), anomaly_spec()), tmp_path / 'm.three', Weights())
    assert '\n' not in str(caught.value)
    assert [path.read_text() for path in tmp_path.iterdir()] == ['the old one']
