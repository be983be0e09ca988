import sys

import pytest
import torch
from torch import Tensor

import mmcv_fallback
from fdrd.layers import reassemble
from fdrd.layers.reassemble import _reassemble_standard

CASES = [(scale, k_up) for scale in (1, 2, 3) for k_up in (3, 5)]


def by_loop(x: Tensor, kernels: Tensor, k_up: int, scale: int) -> Tensor:
    """The formula of CARAFE, eq. 4, pixel by pixel."""
    n, c, height, width = x.shape
    r = k_up // 2
    rows = []
    for i in range(scale * height):
        row = []
        for j in range(scale * width):
            value = x.new_zeros(n, c)
            for dy in range(-r, r + 1):
                for dx in range(-r, r + 1):
                    y, z = i // scale + dy, j // scale + dx
                    if 0 <= y < height and 0 <= z < width:
                        value = value + kernels[:, (dy + r) * k_up + dx + r, i, j, None] * x[:, :, y, z]
            row.append(value)
        rows.append(torch.stack(row, dim=-1))
    return torch.stack(rows, dim=-2)


def inputs(scale: int, k_up: int, size: tuple[int, int] = (3, 4), dtype: torch.dtype = torch.float64) -> list[Tensor]:
    x = torch.randn(2, 3, *size, dtype=dtype)
    return [x, torch.rand(2, k_up**2, scale * size[0], scale * size[1], dtype=dtype).softmax(dim=1)]


@pytest.mark.parametrize(('scale', 'k_up'), CASES)
def test_equals_the_loop(scale: int, k_up: int) -> None:
    x, kernels = inputs(scale, k_up)
    assert torch.allclose(reassemble(x, kernels, k_up, scale), by_loop(x, kernels, k_up, scale), rtol=0, atol=1e-13)


@pytest.mark.parametrize(('scale', 'k_up'), [(1, 3), (2, 5), (3, 3)])
def test_gradients_equal_those_through_the_loop(scale: int, k_up: int) -> None:
    x, kernels = (t.requires_grad_() for t in inputs(scale, k_up))
    upstream = torch.randn(2, 3, 3 * scale, 4 * scale, dtype=torch.float64)
    ours = torch.autograd.grad(reassemble(x, kernels, k_up, scale), (x, kernels), upstream)
    expected = torch.autograd.grad(by_loop(x, kernels, k_up, scale), (x, kernels), upstream)
    for a, b in zip(ours, expected, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-13)


@pytest.mark.parametrize('rows', [1, 2, 3])
def test_blocks_of_rows_give_the_same_as_whole_maps(rows: int, monkeypatch) -> None:
    x, kernels = (t.requires_grad_() for t in inputs(2, 5, size=(5, 4)))
    seen = []
    for values in (rows * (4 + 4) * 4 * 3, 10**6):
        monkeypatch.setattr(sys.modules['fdrd.layers.reassemble'], 'BLOCK', values)
        out = reassemble(x, kernels, 5, 2)
        seen.append((out, *torch.autograd.grad(out.square().sum(), (x, kernels))))
    assert all(torch.equal(a, b) for a, b in zip(*seen, strict=True))


def test_constant_map_keeps_its_value_inside_and_fades_at_the_border() -> None:
    _, kernels = inputs(2, 5, size=(9, 9))
    out = reassemble(torch.full((2, 3, 9, 9), 7.0, dtype=torch.float64), kernels, 5, 2)
    assert torch.allclose(out[:, :, 4:-4, 4:-4], torch.tensor(7.0, dtype=torch.float64))
    border = torch.ones(18, 18, dtype=torch.bool)
    border[4:-4, 4:-4] = False
    assert (out[:, :, border] < 7 - 1e-6).all()
    uniform = torch.full_like(kernels, 1 / 25)
    corner = reassemble(torch.ones(2, 3, 9, 9, dtype=torch.float64), uniform, 5, 2)[0, 0, 0, 0]
    assert corner.item() == pytest.approx(9 / 25)  # a 3x3 part of the window lies inside the map


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_summed_in_float32(dtype: torch.dtype) -> None:
    x, kernels = (t.to(dtype) for t in inputs(2, 5, size=(5, 6)))
    out = reassemble(x, kernels, 5, 2)
    assert out.dtype == dtype
    assert torch.equal(out, by_loop(x.double(), kernels.double(), 5, 2).float().to(dtype))


def test_autocast_mixes_half_features_with_float_kernels() -> None:
    x, kernels = inputs(2, 5, dtype=torch.float32)
    x, kernels = x.bfloat16().requires_grad_(), kernels.requires_grad_()
    with torch.autocast('cpu', torch.bfloat16):
        out = reassemble(x, kernels, 5, 2)
    out.float().square().sum().backward()
    assert out.dtype == torch.bfloat16
    assert (x.grad.dtype, kernels.grad.dtype) == (torch.bfloat16, torch.float32)
    expected = by_loop(x.detach().double(), kernels.detach().double(), 5, 2)
    assert torch.allclose(out.double(), expected, rtol=2**-8, atol=1e-6)


@pytest.mark.parametrize('channels_last', [True, False])
def test_any_memory_layout_gives_the_same(channels_last: bool) -> None:
    x, kernels = inputs(2, 3)

    def turned(t: Tensor) -> Tensor:
        if channels_last:
            return t.to(memory_format=torch.channels_last)
        return t.transpose(2, 3).contiguous().transpose(2, 3)

    results = []
    for change in (lambda t: t, turned):
        a, b = (change(t).detach().requires_grad_() for t in (x, kernels))
        out = reassemble(a, b, 3, 2)
        results.append((out, *torch.autograd.grad(out.square().sum(), (a, b))))
    for plain, changed in zip(*results, strict=True):
        assert torch.equal(plain, changed)


def test_kernels_alone_may_need_a_gradient() -> None:
    x, kernels = inputs(2, 3)
    reassemble(x, kernels.requires_grad_(), 3, 2).sum().backward()
    assert kernels.grad is not None and x.grad is None


@pytest.mark.parametrize(('shape', 'k_up', 'scale', 'impl', 'words'), [
    ((1, 9, 6, 8), 3, 3, 'auto', 'kernels must have shape'),
    ((1, 25, 6, 8), 3, 2, 'auto', 'kernels must have shape'),
    ((2, 9, 6, 8), 3, 2, 'auto', 'kernels must have shape'),
    ((1, 16, 6, 8), 4, 2, 'auto', 'odd'),
    ((1, 1, 6, 8), -1, 2, 'auto', 'odd'),
    ((1, 9, 0, 0), 3, 0, 'auto', 'at least 1'),
    ((1, 9, 6, 8), 3, 2, 'cuda', 'impl'),
])
def test_arguments_that_do_not_fit(shape: tuple[int, ...], k_up: int, scale: int, impl: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reassemble(torch.zeros(1, 2, 3, 4), torch.zeros(shape), k_up, scale, impl)


def test_mmcv_operator_says_that_it_needs_a_gpu() -> None:
    x, kernels = inputs(2, 5, dtype=torch.float32)
    with pytest.raises((RuntimeError, NotImplementedError), match='carafe'):
        reassemble(x, kernels, 5, 2, impl='mmcv')


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_mmcv_operator_gets_float32(dtype: torch.dtype, monkeypatch) -> None:
    """mmcv's kernel knows no bfloat16 and adds in the type of its input."""
    seen = []

    def operator(x: Tensor, kernels: Tensor, k_up: int, group: int, scale: int) -> Tensor:
        seen.append((x.dtype, kernels.dtype, group))
        return reassemble(x, kernels, k_up, scale, impl='torch')

    monkeypatch.setattr('mmcv.ops.carafe', operator)
    x, kernels = (t.to(dtype) for t in inputs(2, 3))
    out = reassemble(x, kernels, 3, 2, impl='mmcv')
    assert seen == [(torch.float32, torch.float32, 1)]
    assert out.dtype == dtype and torch.equal(out, reassemble(x, kernels, 3, 2, impl='torch'))


@pytest.mark.parametrize(('scale', 'k_up'), CASES)
def test_export_path_equals_the_fast_path(scale: int, k_up: int) -> None:
    x, kernels = inputs(scale, k_up)
    assert torch.allclose(_reassemble_standard(x, kernels, k_up, scale), reassemble(x, kernels, k_up, scale),
                          rtol=0, atol=1e-13)


def test_tracing_records_standard_operators() -> None:
    x, kernels = inputs(2, 3, dtype=torch.float32)
    traced = torch.jit.trace(lambda a, b: reassemble(a, b, 3, 2), (x, kernels), check_trace=False)
    kinds = {node.kind() for node in traced.inlined_graph.nodes()}
    assert all(kind.startswith(('aten::', 'prim::Constant', 'prim::ListConstruct', 'prim::NumToTensor'))
               for kind in kinds), kinds
    other = [torch.randn_like(x), torch.rand_like(kernels)]
    assert torch.allclose(traced(*other), reassemble(*other, 3, 2), atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize('impl', ['torch', 'auto', 'mmcv'])
def test_gpu_equals_cpu(impl: str) -> None:
    if impl == 'mmcv' and not mmcv_fallback.has_operator('carafe_forward'):
        pytest.skip('mmcv has no compiled CARAFE operator')
    results = []
    for device in ('cpu', 'cuda'):
        torch.manual_seed(0)
        x, kernels = (t.to(device).requires_grad_() for t in inputs(2, 5, dtype=torch.float32))
        out = reassemble(x, kernels, 5, 2, impl=impl if device == 'cuda' else 'torch')
        results.append([t.cpu() for t in (out, *torch.autograd.grad(out.square().sum(), (x, kernels)))])
    for a, b in zip(*results, strict=True):
        assert torch.allclose(a, b, atol=1e-4)
