import pytest
import torch
from torch import nn

from anomaly_rd.models.bottlenecks import MFF


@pytest.mark.parametrize(('channels', 'millions'), [((64, 128, 256), 0.66), ((256, 512, 1024), 10.62)])
def test_parameters_and_shape(channels: tuple[int, ...], millions: float) -> None:
    with torch.device('meta'):
        fusion = MFF(channels)
        fused = fusion([torch.zeros(1, c, 64 // 2**k, 64 // 2**k) for k, c in enumerate(channels)])
    assert sum(p.numel() for p in fusion.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)
    assert fusion.out_channels == 3 * channels[2] and fused.shape == (1, 3 * channels[2], 16, 16)


def test_levels_stand_side_by_side_and_the_deepest_is_unchanged() -> None:
    fusion = MFF((2, 3, 4))
    features = [torch.randn(2, 2, 16, 16), torch.randn(2, 3, 8, 8), torch.randn(2, 4, 4, 4)]
    first, second, third = fusion(features).split(4, 1)
    assert torch.equal(third, features[2])
    twice = nn.Sequential(*fusion.level1)(features[0])
    assert torch.equal(first, twice) and torch.equal(second, fusion.level2(features[1]))
