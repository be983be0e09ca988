import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from anomaly_rd.models.bottlenecks import MFF, OCE, FusionBottleneck, Reduce
from anomaly_rd.models.teachers import TeacherLayout

ROWS = {'traditional': ('MFF', 'Reduce'), 'traditional_oce': ('MFF', 'OCE'), 'akf': ('AKF', 'Reduce'),
        'akf_oce': ('AKF', 'OCE')}
R18 = TeacherLayout((64, 128, 256))
R34 = TeacherLayout((64, 128, 256), 'basic', 34)
R50 = TeacherLayout((256, 512, 1024), 'bottleneck', 50)
WRN = TeacherLayout((256, 512, 1024), 'bottleneck', 50, wide=True)


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


@pytest.mark.parametrize(('channels', 'millions'), [((64, 128, 256), 0.66), ((256, 512, 1024), 10.62)])
def test_parameters_and_shape_of_the_concatenation(channels: tuple[int, ...], millions: float) -> None:
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


@pytest.mark.parametrize(('layout', 'concatenated', 'fused'), [
    (R18, 11.02, 8.39), (R34, 15.74, 13.11), (R50, 20.21, 14.96), (WRN, 48.26, 41.97)])
def test_parameters_and_shape_of_the_embedding(layout: TeacherLayout, concatenated: float, fused: float) -> None:
    c3 = layout.channels[2]
    for in_channels, millions in ((3 * c3, concatenated), (c3, fused)):
        with torch.device('meta'):
            tail = OCE(in_channels, layout)
            embedding = tail(torch.zeros(1, in_channels, 16, 16))
        assert sum(p.numel() for p in tail.parameters()) / 1e6 == pytest.approx(millions, abs=0.0051)
        assert embedding.shape == (1, 2 * c3, 8, 8)


@pytest.mark.parametrize(('in_channels', 'millions'), [(1024, 18.88), (3072, 18.88 + 3.15)])
def test_parameters_and_shape_of_the_plain_tail(in_channels: int, millions: float) -> None:
    with torch.device('meta'):
        tail = Reduce(in_channels, WRN)
        embedding = tail(torch.zeros(1, in_channels, 16, 16))
    assert sum(p.numel() for p in tail.parameters()) / 1e6 == pytest.approx(millions, rel=1e-3)
    assert embedding.shape == (1, 2048, 8, 8)
