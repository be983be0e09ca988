import operator
import warnings

import pytest
import torch
import torch.nn.functional as F

from fdrd.layers import SemanticUpsample, reassemble
from helpers import init_quietly


def module(channels: int = 8, **kwargs) -> SemanticUpsample:
    built = SemanticUpsample(channels, **kwargs)
    init_quietly(built)
    return built


def shaken(**kwargs) -> SemanticUpsample:
    """A module whose kernels are far from uniform."""
    built = SemanticUpsample(8, **kwargs)
    torch.nn.init.normal_(built.encoder.weight, std=0.1)
    return built


def test_parameter_count_of_the_paper_s_size() -> None:
    count = sum(p.numel() for p in SemanticUpsample(256).parameters())
    assert count == 1_149_540


@pytest.mark.parametrize(('c', 'm', 'n', 'a', 'k', 'aligns', 'e'), [(8, 16, 4, 2, 5, 2, 3), (6, 9, 3, 3, 3, 1, 1),
                                                                   (4, 12, 2, 1, 7, 3, 5)])
def test_parameter_count_by_formula(c: int, m: int, n: int, a: int, k: int, aligns: int, e: int) -> None:
    built = SemanticUpsample(c, a, k, n, m, aligns, e)
    part = m // n
    expected = (c + 1) * m + n * (9 * part + 1) * part + (m + 1) * c + (aligns - 1) * (c + 1) * c \
        + (e * e * c + 1) * (a * k)**2
    assert sum(p.numel() for p in built.parameters()) == expected


def test_kernels_are_positive_and_sum_to_one() -> None:
    kernels = shaken().predict_kernels(torch.randn(2, 8, 5, 6))
    assert kernels.shape == (2, 25, 10, 12)
    assert (kernels > 0).all()
    assert torch.allclose(kernels.sum(dim=1), torch.ones(2, 10, 12), atol=1e-6)
    assert kernels.std(dim=1).max() > 0.02  # not the uniform kernel, which would pass as well


def test_at_the_start_a_step_is_the_mean_of_the_window() -> None:
    built, x = module(), torch.randn(2, 8, 6, 7)
    assert (built.predict_kernels(x) - 1 / 25).abs().max() < 0.004  # of 0.04
    assert built.encoder.weight.std().item() == pytest.approx(0.001, rel=0.1)
    assert not built.encoder.bias.any()
    mean = F.avg_pool2d(x, 5, stride=1, padding=2)  # counts the padding, as the reassembly does
    assert torch.allclose(built(x), F.interpolate(mean, scale_factor=2, mode='nearest'), atol=0.02)


def test_other_convolutions_start_with_xavier() -> None:
    weight = module(64).raise_conv.conv.weight
    bound = (6 / (64 + 128))**0.5
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)


def test_init_cfg_has_the_last_word() -> None:
    built = module(init_cfg=dict(type='Constant', layer='Conv2d', val=0.5, bias=0.1))
    assert all(torch.equal(p, torch.full_like(p, 0.5 if p.ndim == 4 else 0.1)) for p in built.parameters())


def test_receptive_field_of_the_staircase_grows_by_two() -> None:
    built, seen = shaken(), {}
    for i, conv in enumerate(built.staircase):
        conv.register_forward_hook(lambda _, __, out, i=i: seen.setdefault(i, []).append(out.detach()))
    x = torch.randn(1, 8, 15, 15)
    built.predict_kernels(x)
    x[:, :, 7, 7] += 1
    built.predict_kernels(x)
    for i, (before, after) in seen.items():
        changed = (before != after).any(dim=1)[0]
        expected = torch.zeros(15, 15, dtype=torch.bool)
        expected[6 - i:9 + i, 6 - i:9 + i] = True
        assert torch.equal(changed, expected), f'group {i + 1}: {changed.sum()} pixels changed'


def test_input_is_added_behind_the_align_convolutions() -> None:
    built, x = shaken(), torch.randn(1, 8, 4, 5)
    for conv in built.align:
        torch.nn.init.zeros_(conv.conv.weight)
    expected = F.pixel_shuffle(built.encoder(x), 2).softmax(dim=1)
    assert torch.allclose(built.predict_kernels(x), expected, atol=1e-6)


@pytest.mark.parametrize(('q', 'p'), [(0, 0), (7, 1), (12, 2), (24, 3)])
def test_encoder_channel_is_weight_q_of_sub_position_p(q: int, p: int) -> None:
    built, x = shaken(), torch.randn(1, 8, 6, 7)
    torch.nn.init.zeros_(built.encoder.weight)
    with torch.no_grad():
        built.encoder.bias[:] = 0
        built.encoder.bias[q * 4 + p] = 50  # softmax then takes that one pixel of the window
    dy, dx = q // 5 - 2, q % 5 - 2
    shifted = F.pad(x, (2, 2, 2, 2))[:, :, 2 + dy:8 + dy, 2 + dx:9 + dx]
    assert torch.allclose(built(x)[:, :, p // 2::2, p % 2::2], shifted, atol=1e-5)


@pytest.mark.parametrize('factor', [1, 2, 3, 4])
def test_any_integer_factor(factor: int) -> None:
    built, x = shaken(scale_factor=factor, up_kernel=3), torch.randn(2, 8, 3, 5)
    out = built(x)
    assert out.shape == (2, 8, 3 * factor, 5 * factor)
    assert torch.equal(out, reassemble(x, built.predict_kernels(x), 3, factor))


def test_norm_and_activation_are_options() -> None:
    built = shaken(norm_cfg=dict(type='BN'), act_cfg=dict(type='ReLU'))
    kinds = [type(m).__name__ for m in built.modules()]
    assert kinds.count('BatchNorm2d') == kinds.count('ReLU') == 1 + 4 + 2
    assert not any(isinstance(m, (torch.nn.BatchNorm2d, torch.nn.ReLU)) for m in shaken().modules())


@pytest.mark.parametrize(('arguments', 'words'), [
    (dict(raised_channels=8), 'raised_channels'),
    (dict(raised_channels=18), 'raised_channels'),
    (dict(up_kernel=4), 'odd'),
    (dict(encoder_kernel=2), 'odd'),
    (dict(impl='fast'), 'impl'),
    (dict(num_align_convs=0), 'num_align_convs'),
    (dict(scale_factor=0), 'scale_factor'),
])
def test_arguments_that_make_no_sense(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SemanticUpsample(8, **arguments)


def test_autocast_gives_finite_gradients() -> None:
    built, x = shaken(), torch.randn(2, 8, 4, 5, requires_grad=True)
    with torch.autocast('cpu', torch.bfloat16):
        out = built(x)
    out.float().square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() and p.grad.any() for p in built.parameters())
    assert torch.allclose(out.float(), built(x), atol=0.1)


def test_traced_module_equals_the_module() -> None:
    built = shaken().eval()
    traced = torch.jit.trace(built, torch.randn(1, 8, 4, 6), check_trace=False)
    x = torch.randn(1, 8, 4, 6)
    assert torch.allclose(traced(x), built(x), atol=1e-5)


def test_exported_program_holds_standard_operators_and_equals_the_module() -> None:
    built = shaken(up_kernel=3).eval()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        program = torch.export.export(built, (torch.randn(1, 8, 4, 6), ))
    targets = {str(node.target) for node in program.graph.nodes if node.op == 'call_function'}
    assert targets and all(target.startswith('aten.') for target in targets - {str(operator.getitem)}), targets
    assert not any('_.' in target for target in targets), targets  # nothing in place, which exporters dislike
    x = torch.randn(1, 8, 4, 6)
    assert torch.allclose(program.module()(x), built(x), atol=1e-5)


def test_onnx_holds_standard_operators_and_equals_the_module(tmp_path) -> None:
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxscript')
    runtime = pytest.importorskip('onnxruntime')
    built, x, path = shaken(up_kernel=3).eval(), torch.randn(1, 8, 4, 6), str(tmp_path / 'up.onnx')
    torch.onnx.export(built, (x, ), path)
    assert {node.domain for node in onnx.load(path).graph.node} <= {'', 'ai.onnx'}
    session = runtime.InferenceSession(path, providers=['CPUExecutionProvider'])
    out = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    assert torch.allclose(torch.from_numpy(out), built(x), atol=1e-5)
