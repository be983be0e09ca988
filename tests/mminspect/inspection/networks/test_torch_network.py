"""A module as a network: NumPy in, NumPy out."""
import numpy as np
import torch
from torch import nn

from anomaly_helpers import noise
from inspection_helpers import anomaly_spec
from mminspect.inspection.networks import TorchNetwork


class Channels(nn.Module):
    """The map is the red channel, the score the mean of blue; in training mode it is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        assert not torch.is_grad_enabled()
        factor = 2 * self.factor if self.training else self.factor
        return factor * images[..., 0], factor * images[..., 2].mean((1, 2))


def test_outputs_by_name_in_float32_for_any_batch() -> None:
    network = TorchNetwork(Channels().train(), anomaly_spec())
    for count in (1, 3):
        images = noise(count)
        found = network(images)
        assert list(found) == ['anomaly_map', 'pred_score'] and network.runtime == 'pytorch'
        assert all(values.dtype == np.float32 for values in found.values())
        np.testing.assert_allclose(found['anomaly_map'], images[..., 0])
        np.testing.assert_allclose(found['pred_score'], images[..., 2].mean((1, 2)), rtol=1e-5)
