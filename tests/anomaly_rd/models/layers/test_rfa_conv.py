import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d

from anomaly_rd.models.layers import RFAConv


def paper(layer: RFAConv, x: Tensor) -> tuple[Tensor, Tensor]:
    """Attention weights and result in the paper's order: groups (C, K), rearranged to (k H, k W), stride k."""
    (k2, c), k = layer.attention.shape, layer.pool.kernel_size
    kernel_major = layer.feature.view(k2, c, 1, k, k)
    logits = conv2d(avg_pool2d(x, k, 1, k // 2), layer.attention.t().reshape(c * k2, 1, 1, 1), groups=c)
    weights = logits.unflatten(1, (c, k2)).softmax(2)
    features = conv2d(x, kernel_major.transpose(0, 1).flatten(0, 1), padding=k // 2, groups=c)
    features = nn.functional.relu(nn.functional.batch_norm(features, None, None, training=True))
    big = nn.functional.pixel_shuffle((weights * features.unflatten(1, (c, k2))).flatten(1, 2), k)
    conv = layer.out[0]
    kernel = conv.weight.view(-1, k, k, c).permute(0, 3, 1, 2)
    out = conv2d(big, kernel, conv.bias, stride=k)
    return weights, nn.functional.relu(nn.functional.batch_norm(out, None, None, training=True))


@pytest.mark.parametrize('kernel', [3, 5])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_equals_the_paper_order(kernel: int, memory_format: torch.memory_format) -> None:
    layer = RFAConv(4, 6, kernel).double()
    nn.init.normal_(layer.attention)
    x = torch.randn(2, 4, 7, 8).double().to(memory_format=memory_format)
    weights, expected = paper(layer, x)
    assert torch.allclose(layer(x), expected)
    ours = layer.weights(x).unflatten(1, (kernel**2, 4))
    assert torch.allclose(ours, weights.transpose(1, 2))
    assert torch.allclose(ours.sum(1), torch.ones(()).double())


def mean_of_neighbours(last: Tensor) -> RFAConv:
    """Uniform attention, features that pick each of the nine neighbours; ``last`` weighs them."""
    layer = RFAConv(1, 1)
    layer.norm_act, layer.out[1], layer.out[2] = nn.Identity(), nn.Identity(), nn.Identity()
    nn.init.zeros_(layer.attention)
    with torch.no_grad():
        layer.feature.copy_(torch.eye(9).view(9, 1, 3, 3))
        layer.out[0].weight.copy_(last.view(1, 9, 1, 1))
        nn.init.zeros_(layer.out[0].bias)
    return layer


def test_uniform_weights_by_hand() -> None:
    """1 x 1 x 3 x 3: all weights alike give the mean over the neighbourhood."""
    layer = mean_of_neighbours(torch.ones(9))
    x = torch.arange(1.0, 10).view(1, 1, 3, 3)
    neighbours = [[12, 21, 16], [27, 45, 33], [24, 39, 28]]  # sums over the 3 x 3 neighbourhoods of 1..9
    assert torch.allclose(layer(x)[0, 0], torch.tensor(neighbours) / 9)


def test_last_convolution_takes_component_ij_at_row_i_column_j() -> None:
    """Distinct weights in the last convolution show which component meets which weight."""
    layer = mean_of_neighbours(torch.arange(9.0))
    x = torch.zeros(1, 1, 3, 3)
    x[0, 0, 2, 1] = 9.0  # of the field of (1, 1), the component in row 2, column 1: number 7
    assert layer(x)[0, 0, 1, 1].item() == pytest.approx(7)
    assert layer(x)[0, 0, 2, 2].item() == pytest.approx(3)  # of (2, 2): row 1, column 0


def test_parameters() -> None:
    c, out = 16, 24
    expected = 9 * c + 9 * 9 * c + 2 * 9 * c + 9 * c * out + out + 2 * out
    assert sum(p.numel() for p in RFAConv(c, out).parameters()) == expected


def test_bfloat16_stays_bfloat16() -> None:
    layer, x = RFAConv(8, 8, norm='BCN', act='SiLU'), torch.randn(2, 8, 8, 8)
    with torch.autocast('cpu', torch.bfloat16):
        y, weights = layer(x.bfloat16()), layer.weights(x.bfloat16())
    assert y.dtype == weights.dtype == torch.bfloat16
    assert torch.allclose(y.float(), layer(x), atol=0.1)
