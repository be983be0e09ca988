import pytest
import torch
from mmengine.registry import init_default_scope

from anomaly_rd.models.bottlenecks import FusionBottleneck
from anomaly_rd.models.teachers import TeacherLayout

ROWS = {'traditional': ('MFF', 'Reduce'), 'traditional_oce': ('MFF', 'OCE'), 'akf': ('AKF', 'Reduce'),
        'akf_oce': ('AKF', 'OCE')}


def build(row: str, layout: TeacherLayout) -> FusionBottleneck:
    init_default_scope('anomaly_rd')
    fusion, tail = ROWS[row]
    return FusionBottleneck(dict(type=fusion), dict(type=tail), layout)


@pytest.mark.parametrize('row', ROWS)
@pytest.mark.parametrize('size', [64, 256])
def test_rows_of_the_ablation(row: str, size: int) -> None:
    layout = TeacherLayout((64, 128, 256))
    features = [torch.randn(2, c, size // 2**k, size // 2**k) for k, c in zip((2, 3, 4), layout.channels, strict=True)]
    with torch.no_grad():
        assert build(row, layout)(features).shape == (2, 512, size // 32, size // 32)


def test_both_full_rows_have_about_the_same_capacity() -> None:
    layout = TeacherLayout((256, 512, 1024), 'bottleneck', 50, wide=True)
    with torch.device('meta'):
        counts = {row: sum(p.numel() for p in build(row, layout).parameters()) / 1e6 for row in ROWS}
    assert counts['akf_oce'] == pytest.approx(59.7, abs=0.05)
    assert counts['traditional_oce'] == pytest.approx(58.9, abs=0.05)


def test_initialisation_is_kaimings_over_fan_out() -> None:
    bottleneck = build('traditional_oce', TeacherLayout((64, 128, 256)))
    bottleneck.init_weights()
    conv = bottleneck.fusion.level2[0]  # 3 x 3, 128 to 256
    assert conv.weight.std().item() == pytest.approx((2 / (9 * 256)) ** 0.5, rel=0.02)
