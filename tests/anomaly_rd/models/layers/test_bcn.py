import pytest
import torch
from torch import nn

from anomaly_rd.models.layers import BatchChannelNorm


def images(*shape: int) -> torch.Tensor:
    return torch.randn(shape or (3, 5, 4, 6)) * torch.rand(shape[1] if shape else 5)[:, None, None] * 3 + 2


def reference(x: torch.Tensor, layer: BatchChannelNorm) -> torch.Tensor:
    """The two normalisations by name, mixed."""
    batch = nn.functional.batch_norm(x, layer.running_mean.clone(), layer.running_var.clone(), training=layer.training)
    mixed = [i * b + (1 - i) * g for i, b, g in zip(layer.iota, batch.unbind(1),
                                                    nn.functional.group_norm(x, 1).unbind(1), strict=True)]
    return torch.stack(mixed, 1) * layer.weight[:, None, None] + layer.bias[:, None, None]


def randomised(channels: int = 5, **kwargs) -> BatchChannelNorm:
    layer = BatchChannelNorm(channels, **kwargs)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -0.5, 1.5)
    return layer


def test_starts_as_batch_norm_also_in_eval_mode() -> None:
    ours, theirs = BatchChannelNorm(5), nn.BatchNorm2d(5)
    for _ in range(3):
        x = images()
        assert torch.allclose(ours(x), theirs(x), atol=1e-5)
    assert torch.allclose(ours.running_mean, theirs.running_mean, atol=1e-6)
    assert torch.allclose(ours.running_var, theirs.running_var, atol=1e-5)
    assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=1e-5)


def test_is_layer_norm_where_iota_is_zero() -> None:
    layer, x = BatchChannelNorm(5), images()
    nn.init.zeros_(layer.iota)
    assert torch.allclose(layer(x), nn.functional.group_norm(x, 1), atol=1e-5)


@pytest.mark.parametrize('training', [True, False])
def test_mixture_and_its_gradients(training: bool) -> None:
    layer, x, upstream = randomised().double().train(training), images().double().requires_grad_(), images().double()
    nn.init.uniform_(layer.running_var, 0.5, 2)
    expected = reference(x, layer)
    expected_grads = torch.autograd.grad(expected, (x, *layer.parameters()), upstream)
    y = layer(x)
    assert torch.allclose(y, expected)
    for ours, theirs in zip(torch.autograd.grad(y, (x, *layer.parameters()), upstream), expected_grads, strict=True):
        assert torch.allclose(ours, theirs)


def test_gradcheck() -> None:
    assert torch.autograd.gradcheck(randomised().double(), images(2, 5, 2, 3).double().requires_grad_())


def test_eval_output_does_not_depend_on_the_batch() -> None:
    layer, x = randomised(), images()
    layer(x)
    layer.eval()
    assert torch.allclose(layer(x), torch.cat([layer(row[None]) for row in x]), atol=1e-6)


def test_statistics_carry_no_gradients() -> None:
    layer = BatchChannelNorm(5)
    layer(images())
    assert not layer.running_mean.requires_grad and not layer.running_var.requires_grad and layer.running_mean.any()


def test_clamped_iota() -> None:
    layer, x = BatchChannelNorm(5, clamp_iota=True), images()
    nn.init.constant_(layer.iota, 1.7)
    assert torch.allclose(layer(x), nn.BatchNorm2d(5)(x), atol=1e-5)
    nn.init.constant_(layer.iota, -0.3)
    assert torch.allclose(layer(x), nn.functional.group_norm(x, 1), atol=1e-5)


def test_statistics_of_bfloat16_are_float32_and_the_input_alone_is_kept() -> None:
    layer, x = randomised(), (images(4, 5, 16, 16) + 20).bfloat16().requires_grad_()
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: saved.append(t) or t, lambda t: t):
        y = layer(x)
    assert y.dtype == torch.bfloat16 and layer.running_mean.dtype == torch.float32
    assert [t.dtype for t in saved if t.numel() == x.numel()] == [torch.bfloat16]
    assert torch.allclose(y.float(), reference(x.float(), layer), atol=0.05)
    assert layer.running_mean.tolist() == pytest.approx((0.1 * x.float().mean((0, 2, 3))).tolist(), rel=1e-4)


def test_memory_format_is_kept() -> None:
    x = images().to(memory_format=torch.channels_last).requires_grad_()
    y = randomised()(x)
    assert y.is_contiguous(memory_format=torch.channels_last)
    y.square().sum().backward()
    assert x.grad.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize('training', [True, False])
def test_without_gradients_it_computes_the_same(training: bool) -> None:
    layer, x = randomised().train(training), images()
    nn.init.uniform_(layer.running_var, 0.5, 2)
    state = {name: value.clone() for name, value in layer.state_dict().items()}
    expected, statistics = layer(x), layer.running_mean.clone()
    layer.load_state_dict(state)
    with torch.no_grad():
        assert torch.equal(layer(x), expected) and torch.equal(layer.running_mean, statistics)
