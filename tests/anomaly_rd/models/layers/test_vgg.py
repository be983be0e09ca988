import pytest
import torch
from torch import nn

from anomaly_rd.models.layers.vgg import build_vgg, channels_by_name, run_vgg

WIDTHS = ((2, 3), (4,), (5,), (6,), (7, 8))


@pytest.fixture
def made() -> list[tuple[int, int, bool]]:
    return []


@pytest.fixture
def layers(made: list[tuple[int, int, bool]]) -> dict[str, nn.Module]:
    def convolution(*arguments) -> nn.Module:
        made.append(arguments)
        return nn.Conv2d(*arguments[:2], 1)

    return build_vgg(WIDTHS, convolution)


def test_layers_in_order(layers: dict[str, nn.Module], made: list[tuple[int, int, bool]]) -> None:
    assert list(layers) == ['conv1_1', 'conv1_2', 'pool1', 'conv2_1', 'pool2', 'conv3_1', 'pool3', 'conv4_1', 'pool4',
                            'conv5_1', 'conv5_2', 'pool5']
    assert made == [(3, 2, False), (2, 3, True), (3, 4, True), (4, 5, True), (5, 6, True), (6, 7, False), (7, 8, True)]


def test_channels_behind_each_layer(layers: dict[str, nn.Module]) -> None:
    seen: dict[str, int] = {}
    for name, layer in layers.items():
        layer.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.shape[1]}))
    run_vgg(layers.items(), torch.rand(1, 3, 32, 32))
    assert channels_by_name(WIDTHS) == seen


def test_critical_outputs_and_insertions(layers: dict[str, nn.Module]) -> None:
    x = torch.rand(1, 3, 32, 32)
    plain = run_vgg(layers.items(), x)
    assert [tuple(level.shape[1:]) for level in plain] == [(4, 8, 8), (5, 4, 4), (6, 2, 2), (8, 1, 1)]
    changed = run_vgg(layers.items(), x, dict(pool3=nn.Flatten(1, 1), pool4=nn.Threshold(1e9, 0.0)))
    assert all(torch.equal(a, b) for a, b in zip(plain[:2], changed[:2], strict=True))
    assert not changed[2].any() and not torch.equal(plain[3], changed[3])
