import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from scipy.signal import correlate2d
from scipy.special import expit as sigmoid

from fdrd.layers import CBAM, SE, SimAM


def arrays(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: p.detach().double().numpy() for name, p in module.named_parameters()}


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(('module', 'parameters'), [
    (SE(256), 16_384), (SE(256, reduction=16), 8_192), (CBAM(256), 16_384 + 2 * 49 + 1), (SimAM(256), 0)])
def test_parameter_counts(module: torch.nn.Module, parameters: int) -> None:
    assert count(module) == parameters


def test_se_by_hand() -> None:
    module, x = SE(6, reduction=2), torch.randn(2, 6, 3, 4)
    w, a = arrays(module), x.double().numpy()
    hidden = np.maximum(a.mean(axis=(2, 3)) @ w['squeeze.weight'].T, 0)
    expected = a * sigmoid(hidden @ w['excite.weight'].T)[:, :, None, None]
    assert w['squeeze.weight'].shape == (3, 6)
    np.testing.assert_allclose(module(x).detach(), expected, atol=1e-6)


@pytest.mark.parametrize('residual', [False, True])
def test_cbam_by_hand(residual: bool) -> None:
    module, x = CBAM(6, reduction=3, residual=residual), torch.randn(2, 6, 5, 4)
    w, a = arrays(module), x.double().numpy()

    def mlp(v: np.ndarray) -> np.ndarray:
        return np.maximum(v @ w['mlp.0.weight'].T, 0) @ w['mlp.2.weight'].T

    gated = a * sigmoid(mlp(a.mean(axis=(2, 3))) + mlp(a.max(axis=(2, 3))))[:, :, None, None]
    expected = np.empty_like(a)
    for i, g in enumerate(gated):
        summary = [g.max(axis=0), g.mean(axis=0)]
        padded = [np.pad(s, 3) for s in summary]
        logits = sum(correlate2d(s, k, mode='valid') for s, k in zip(padded, w['spatial.weight'][0], strict=True))
        expected[i] = g * sigmoid(logits + w['spatial.bias']) + (a[i] if residual else 0)
    np.testing.assert_allclose(module(x).detach(), expected, atol=1e-5)


def test_simam_by_hand() -> None:
    x = torch.randn(2, 3, 4, 5)
    a = x.double().numpy()
    d = (a - a.mean(axis=(2, 3), keepdims=True))**2
    variance = d.sum(axis=(2, 3), keepdims=True) / (4 * 5 - 1)
    expected = a * sigmoid(d / (4 * (variance + 1e-4)) + 0.5)
    np.testing.assert_allclose(SimAM()(x), expected, atol=1e-6)


def test_simam_of_a_single_pixel_is_the_neutral_gate() -> None:
    x = torch.randn(2, 3, 1, 1, requires_grad=True)
    out = SimAM()(x)
    assert torch.allclose(out, x * torch.tensor(0.5).sigmoid())
    out.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize('kind', ['SE', 'CBAM', 'SimAM'])
@pytest.mark.parametrize('shape', [(2, 16, 5, 7), (1, 16, 1, 1)])
def test_registered_keeps_shape_and_dtype_and_lets_gradients_through(kind: str, shape: tuple[int, ...]) -> None:
    module, x = MODELS.build(dict(type=kind, channels=16)), torch.randn(shape, requires_grad=True)
    out = module(x)
    assert out.shape == shape and (out.abs() <= x.abs()).all()
    out.square().sum().backward()
    assert x.grad.isfinite().all()
    half = x.detach().bfloat16()
    assert module.bfloat16()(half).dtype == torch.bfloat16
    with torch.autocast('cpu', torch.bfloat16):
        assert module(half).isfinite().all()


@pytest.mark.parametrize('module', [SE, CBAM])
def test_reduction_is_at_least_one_and_leaves_at_least_one_channel(module: type) -> None:
    with pytest.raises(ValueError, match='reduction'):
        module(8, reduction=0)
    narrow = module(4, reduction=8)
    assert narrow(torch.randn(1, 4, 2, 2)).shape == (1, 4, 2, 2)
