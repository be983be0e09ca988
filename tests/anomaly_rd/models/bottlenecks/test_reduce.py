import pytest
import torch

from anomaly_rd.models.bottlenecks import Reduce
from anomaly_rd.models.teachers import TeacherLayout

WRN = TeacherLayout((256, 512, 1024), 'bottleneck', 50, wide=True)


@pytest.mark.parametrize(('in_channels', 'millions'), [(1024, 18.88), (3072, 18.88 + 3.15)])
def test_parameters_and_shape(in_channels: int, millions: float) -> None:
    with torch.device('meta'):
        tail = Reduce(in_channels, WRN)
        embedding = tail(torch.zeros(1, in_channels, 16, 16))
    assert sum(p.numel() for p in tail.parameters()) / 1e6 == pytest.approx(millions, rel=1e-3)
    assert embedding.shape == (1, 2048, 8, 8)
