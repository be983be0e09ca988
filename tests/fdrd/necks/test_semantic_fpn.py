import pytest
import torch
import torch.nn.functional as F
from mmdet.models.necks import FPN, FPN_CARAFE
from mmengine.registry import init_default_scope
from torch import Tensor

from fdrd.necks import SemanticFPN
from fdrd.necks.semantic_fpn import fit
from helpers import init_quietly

R50 = [256, 512, 1024, 2048]
NARROW = [4, 6, 8, 10]
ODD = [(33, 47), (25, 40), (13, 20), (1, 1)]
NEAREST = dict(type='nearest')
SEMANTIC = dict(type='SemanticUpsample', up_kernel=3, groups=2)


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope('mmdet')


def pyramid(size: tuple[int, int], channels: list[int] = NARROW) -> tuple[Tensor, ...]:
    """What a backbone of strides 1, 2, 4, 8 gives: sizes halve, rounded up."""
    levels = []
    for c in channels:
        levels.append(torch.randn(2, c, *size))
        size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
    return tuple(levels)


def neck(channels: list[int] = NARROW, out: int = 8, **kwargs) -> SemanticFPN:
    return SemanticFPN(channels, out, **{**dict(num_outs=5, start_level=1), **kwargs})


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def assert_twins(ours: SemanticFPN, theirs: torch.nn.Module, size: tuple[int, int]) -> None:
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    levels = pyramid(size)
    for a, b in zip(ours(levels), theirs(levels), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize('size', [(64, 96), *ODD])
@pytest.mark.parametrize(('extra', 'outs', 'start', 'end'), [('on_output', 5, 1, -1), (False, 5, 0, -1),
                                                            (False, 5, 1, -1), ('on_output', 3, 0, 2)])
def test_fpn_topology_with_nearest_is_mmdet_s_fpn(size: tuple[int, int], extra: str | bool, outs: int, start: int,
                                                  end: int) -> None:
    common = dict(num_outs=outs, start_level=start, end_level=end, add_extra_convs=extra)
    assert_twins(neck(topology='fpn', upsample_cfg=NEAREST, **common), FPN(NARROW, 8, **common), size)


@pytest.mark.parametrize('size', [(64, 96), (128, 64), (33, 47), (25, 40)])
@pytest.mark.parametrize(('outs', 'start'), [(5, 1), (4, 0)])
def test_carafe_topology_with_nearest_is_mmdet_s_fpn_carafe(size: tuple[int, int], outs: int, start: int) -> None:
    theirs = FPN_CARAFE(NARROW, 8, num_outs=outs, start_level=start, order=('conv', 'norm', 'act'),
                        upsample_cfg=dict(type='nearest'))
    assert_twins(neck(num_outs=outs, start_level=start, topology='carafe', upsample_cfg=NEAREST), theirs, size)


def test_mmcv_s_carafe_is_an_option_with_the_parameters_of_fpn_carafe() -> None:
    carafe = dict(type='carafe', up_kernel=5, up_group=1, encoder_kernel=3, encoder_dilation=1, compressed_channels=64)
    with torch.device('meta'):
        ours = SemanticFPN(R50, 256, 5, start_level=1, upsample_cfg=carafe)
        theirs = FPN_CARAFE(R50, 256, num_outs=5, start_level=1, upsample_cfg=carafe)
    assert parameters(ours) == 9_474_192
    assert {k: v.shape for k, v in ours.state_dict().items()} == {k: v.shape for k, v in theirs.state_dict().items()}


def test_parameter_counts_of_the_paper() -> None:
    with torch.device('meta'):
        plain = SemanticFPN(R50, 256, 5, start_level=1, topology='fpn', upsample_cfg=NEAREST)
        carafe = SemanticFPN(R50, 256, 5, start_level=1, topology='carafe', upsample_cfg=NEAREST)
        teacher = SemanticFPN(R50, 256, 5, start_level=1)
    assert parameters(plain) == 3_868_672
    assert parameters(carafe) == 9_474_192 - 4 * 74_148  # mmdet's FPN_CARAFE without its four CARAFE packs
    assert parameters(teacher) == parameters(carafe) + 4 * 1_149_540
    gfl_r50 = 32_033_098
    assert round((gfl_r50 - parameters(plain) + parameters(teacher)) / 1e6, 3) == 41.940


@pytest.mark.parametrize(('topology', 'steps'), [('carafe', 4), ('fpn', 2)])
def test_every_top_down_step_has_an_upsampler_of_its_own(topology: str, steps: int) -> None:
    modules = neck(topology=topology, upsample_cfg=SEMANTIC).upsample_modules
    assert len({id(m) for m in modules}) == len(modules) == steps
    assert len({id(p) for m in modules for p in m.parameters()}) == steps * len(list(modules[0].parameters()))


@pytest.mark.parametrize('topology', ['carafe', 'fpn'])
def test_top_down_step_adds_the_upsampled_coarser_level(topology: str) -> None:
    built, levels = neck(topology=topology, upsample_cfg=SEMANTIC), pyramid((32, 48))
    outputs = built(levels)
    laterals = [conv(x) for conv, x in zip(built.lateral_convs, levels[1:], strict=False)]
    if topology == 'carafe':
        laterals.append(built.lateral_convs[3](levels[-1]))
        laterals.append(built.lateral_convs[4](laterals[-1]))
    for i in range(len(laterals) - 2, -1, -1):
        up = built.upsample_modules[i](laterals[i + 1])
        laterals[i] = laterals[i] + up[:, :, :laterals[i].shape[2], :laterals[i].shape[3]]
    for lateral, conv, out in zip(laterals, built.fpn_convs, outputs, strict=False):
        assert torch.allclose(conv(lateral), out, atol=1e-6)


@pytest.mark.parametrize('size', ODD)
@pytest.mark.parametrize('topology', ['carafe', 'fpn'])
def test_odd_sizes_never_raise(size: tuple[int, int], topology: str) -> None:
    levels = pyramid(size)
    outputs = neck(topology=topology, upsample_cfg=SEMANTIC, attention_cfg=dict(type='SimAM'))(levels)
    assert [tuple(o.shape[2:]) for o in outputs[:3]] == [tuple(x.shape[2:]) for x in levels[1:]]
    assert len(outputs) == 5 and all(o.isfinite().all() for o in outputs)


def test_levels_that_no_factor_of_two_joins_are_resized() -> None:
    levels = tuple(torch.randn(1, c, *s) for c, s in zip(NARROW, [(9, 9), (33, 47), (10, 40), (7, 3)], strict=True))
    outputs = neck(upsample_cfg=SEMANTIC)(levels)
    assert [tuple(o.shape[2:]) for o in outputs] == [(33, 47), (10, 40), (7, 3), (4, 2), (2, 1)]


def test_fit_crops_a_surplus_below_the_factor_and_resizes_otherwise() -> None:
    x = torch.randn(1, 2, 20, 14)
    assert torch.equal(fit(x, (20, 14), 2), x)
    assert torch.equal(fit(x, (20, 13), 2), x[:, :, :, :13])
    assert torch.equal(fit(x, (19, 13), 2), x[:, :, :19, :13])
    assert torch.equal(fit(x, (18, 14), 3), x[:, :, :18])
    for size, scale in (((18, 14), 2), ((21, 14), 2), ((5, 40), 2)):
        assert torch.equal(fit(x, size, scale), F.interpolate(x, size, mode='nearest'))


@pytest.mark.parametrize('share', [False, True])
def test_attention_is_applied_to_every_output(share: bool) -> None:
    built = neck(upsample_cfg=SEMANTIC, attention_cfg=dict(type='SE', reduction=2), share_attention=share)
    levels = pyramid((32, 48))
    attended = built(levels)
    attention, built.attention = built.attention, None
    assert len({id(a) for a in attention}) == (1 if share else 5)
    for attend, out, plain in zip(attention, attended, built(levels), strict=True):
        assert torch.equal(out, attend(plain)) and not torch.equal(out, plain)


@pytest.mark.parametrize('topology', ['carafe', 'fpn'])
def test_every_parameter_learns(topology: str) -> None:
    built = neck(topology=topology, upsample_cfg=SEMANTIC, attention_cfg=dict(type='CBAM'))
    sum(o.square().mean() for o in built(pyramid((32, 48)))).backward()
    idle = [name for name, p in built.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle


def test_initialisation_keeps_the_kernels_uniform() -> None:
    built = neck([64] * 4, 64, attention_cfg=dict(type='SE'))
    init_quietly(built)
    for module in built.upsample_modules:
        assert module.encoder.weight.std().item() == pytest.approx(0.001, rel=0.05)
        assert not module.encoder.bias.any()
    for conv in [*built.lateral_convs, *built.fpn_convs]:
        weight = conv.conv.weight
        bound = (6 / (weight[0].numel() + weight[:, 0].numel()))**0.5
        assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
        assert not conv.conv.bias.any()


def test_init_cfg_has_the_last_word_on_the_pyramid() -> None:
    built = neck(upsample_cfg=SEMANTIC, init_cfg=dict(type='Constant', layer='Conv2d', val=0.5, bias=0.1))
    init_quietly(built)
    for conv in [*built.lateral_convs, *built.fpn_convs]:
        assert (conv.conv.weight == 0.5).all() and (conv.conv.bias == 0.1).all()
    assert all(up.encoder.weight.std().item() == pytest.approx(0.001, rel=0.1) for up in built.upsample_modules)


@pytest.mark.parametrize('wrong', [dict(topology='pan'), dict(num_outs=2), dict(add_extra_convs='on_input'),
                                   dict(add_extra_convs=True)])
def test_arguments_that_make_no_sense(wrong: dict) -> None:
    with pytest.raises(ValueError, match='topology must be one of'):
        neck(upsample_cfg=NEAREST, **wrong)


def test_other_number_of_backbone_levels_is_refused() -> None:
    with pytest.raises(ValueError, match='4 backbone levels, got 3'):
        neck(upsample_cfg=NEAREST)(pyramid((32, 48))[:3])
