import pytest
import torch

from anomaly_rd.models.bottlenecks import OCE
from anomaly_rd.models.teachers import TeacherLayout

R18 = TeacherLayout((64, 128, 256))
R34 = TeacherLayout((64, 128, 256), 'basic', 34)
R50 = TeacherLayout((256, 512, 1024), 'bottleneck', 50)
WRN = TeacherLayout((256, 512, 1024), 'bottleneck', 50, wide=True)


@pytest.mark.parametrize(('layout', 'concatenated', 'fused'), [
    (R18, 11.02, 8.39), (R34, 15.74, 13.11), (R50, 20.21, 14.96), (WRN, 48.26, 41.97)])
def test_parameters_and_shape(layout: TeacherLayout, concatenated: float, fused: float) -> None:
    c3 = layout.channels[2]
    for in_channels, millions in ((3 * c3, concatenated), (c3, fused)):
        with torch.device('meta'):
            tail = OCE(in_channels, layout)
            embedding = tail(torch.zeros(1, in_channels, 16, 16))
        assert sum(p.numel() for p in tail.parameters()) / 1e6 == pytest.approx(millions, abs=0.0051)
        assert embedding.shape == (1, 2 * c3, 8, 8)
