import copy

import pytest
import torch
from torch import nn

from anomaly_rd.models.layers import RFAConv
from anomaly_rd.models.students import ReverseDecoder
from anomaly_rd.models.teachers import TeacherLayout
from mminspect.core.errors import UserError

R18 = TeacherLayout((64, 128, 256))
R34 = TeacherLayout((64, 128, 256), 'basic', 34)
R50 = TeacherLayout((256, 512, 1024), 'bottleneck', 50)
WRN = TeacherLayout((256, 512, 1024), 'bottleneck', 50, wide=True)
TINY = TeacherLayout((8, 16, 32))


@pytest.mark.parametrize(('layout', 'options', 'millions'), [
    (R18, {}, 3.70), (R34, {}, 5.77), (R50, {}, 15.82), (WRN, {}, 24.92),
    (R34, dict(rfa=True), 10.91), (R50, dict(rfa=True), 18.59), (WRN, dict(rfa=True), 35.61),
    (WRN, dict(rfa=True, blocks=(6, 4, 3)), 52.0)])
def test_parameters_and_shapes(layout: TeacherLayout, options: dict, millions: float) -> None:
    with torch.device('meta'):
        decoder = ReverseDecoder(layout, **options)
        levels = decoder(torch.zeros(1, layout.embedding_channels, 8, 8))
    assert sum(p.numel() for p in decoder.parameters()) / 1e6 == pytest.approx(millions, rel=1e-3)
    assert [tuple(t.shape) for t in levels] == [(1, c, 64 // 2**k, 64 // 2**k) for k, c in enumerate(layout.channels)]


@pytest.mark.parametrize('size', [64, 256])
def test_mirrors_a_resnet18(size: int) -> None:
    with torch.no_grad():
        levels = ReverseDecoder(R18)(torch.randn(2, 512, size // 32, size // 32))
    assert [tuple(t.shape) for t in levels] == [(2, 64, size // 4, size // 4), (2, 128, size // 8, size // 8),
                                                (2, 256, size // 16, size // 16)]


def test_block_counts_run_from_deep_to_shallow() -> None:
    assert [len(stage) for stage in ReverseDecoder(R34).stages] == [3, 4, 6]
    decoder = ReverseDecoder(TINY, blocks=(3, 2, 1))
    assert [len(stage) for stage in decoder.stages] == [3, 2, 1]
    assert decoder.stages[0][0].body[0].in_channels == 64


@pytest.mark.parametrize(('options', 'rfa', 'norm', 'act'), [
    (dict(rfa=True), 6, 'BatchNorm2d', 'ReLU'), (dict(norm='BCN'), 0, 'BatchChannelNorm', 'ReLU'),
    (dict(act='SiLU'), 0, 'BatchNorm2d', 'SiLU'),
    (dict(rfa=True, norm=dict(type='BCN', clamp_iota=True), act='SiLU'), 6, 'BatchChannelNorm', 'SiLU')])
def test_each_part_alone_and_together(options: dict, rfa: int, norm: str, act: str) -> None:
    decoder = ReverseDecoder(TINY, **options)
    kinds = [type(module).__name__ for module in decoder.modules()]
    assert kinds.count('RFAConv') == rfa
    assert {kind for kind in kinds if 'Norm' in kind} == {norm} and {k for k in kinds if 'LU' in k} == {act}
    levels = decoder(torch.randn(2, 64, 2, 2))
    assert [tuple(t.shape[1:]) for t in levels] == [(8, 16, 16), (16, 8, 8), (32, 4, 4)]


def test_initialisation_leaves_transposed_convolutions_alone() -> None:
    decoder = ReverseDecoder(R18)
    transposed = [m.weight.clone() for m in decoder.modules() if isinstance(m, nn.ConvTranspose2d)]
    decoder.init_weights()
    after = [m.weight for m in decoder.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert all(torch.equal(a, b) for a, b in zip(transposed, after, strict=True))
    conv = decoder.stages[0][1].body[0]  # 3 x 3, 256 to 256
    assert conv.weight.std().item() == pytest.approx((2 / (9 * 256)) ** 0.5, rel=0.02)


@pytest.mark.parametrize('norm', ['BN', 'BCN'])
def test_checkpointing_changes_nothing_but_memory(norm: str) -> None:
    plain = ReverseDecoder(TINY, rfa=True, norm=norm, act='SiLU').double()
    lean = copy.deepcopy(plain)
    lean.checkpointing = True
    x, kept = torch.randn(2, 64, 4, 4).double(), []
    for decoder in (plain, lean):
        sizes = {}
        with torch.autograd.graph.saved_tensors_hooks(
                lambda t: sizes.__setitem__(t.data_ptr(), t.numel()) or t, lambda t: t):  # noqa: B023
            loss = sum(level.square().sum() for level in decoder(x))
        kept.append(sum(sizes.values()))
        loss.backward()
    for (name, a), b in zip(plain.named_parameters(), lean.parameters(), strict=True):
        assert torch.allclose(a.grad, b.grad), name
    for (name, a), b in zip(plain.named_buffers(), lean.buffers(), strict=True):
        assert torch.equal(a, b), name
    assert kept[1] < kept[0] / 5
    assert {m.momentum for m in lean.modules() if hasattr(m, 'momentum')} == {0.1}


def test_rfa_is_in_front_of_the_convolution_of_every_block() -> None:
    for block in (b for stage in ReverseDecoder(TINY, rfa=True).stages for b in stage):
        assert isinstance(block.body[0], RFAConv)


@pytest.mark.parametrize('blocks', [(2, 2), (2, 2, 2, 2), (2, 0, 2), (2, 1.5, 2)])
def test_wrong_blocks(blocks: tuple) -> None:
    with pytest.raises(UserError, match=r'decoder\.blocks is .* three stages'):
        ReverseDecoder(TINY, blocks=blocks)
