import pytest
import torch
from torch import nn
from torchvision.models import resnet

from anomaly_rd.models.layers import BasicBlock, BatchChannelNorm, Bottleneck, RFAConv, residual_stage
from mminspect.core.errors import UserError


def copy_weights(ours: nn.Module, theirs: nn.Module) -> None:
    """Fill one block with the other's weights; both define their layers in order of use, the shortcut last."""
    layers = [[m for m in block.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))] for block in (ours, theirs)]
    for a, b in zip(*layers, strict=True):
        a.load_state_dict(b.state_dict())


@pytest.mark.parametrize('down', [False, True])
@pytest.mark.parametrize('wide', [False, True])
def test_encoder_blocks_are_torchvisions(down: bool, wide: bool) -> None:
    stride = 2 if down else 1
    resample = 'down' if down else 'none'

    def shortcut(i: int, o: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    pairs = [(Bottleneck(24, 32, resample, wide=wide),
              resnet.Bottleneck(24, 8, stride, shortcut(24, 32), base_width=128 if wide else 64))]
    if not wide:
        pairs.append((BasicBlock(24, 32, resample), resnet.BasicBlock(24, 32, stride, shortcut(24, 32))))
    for ours, theirs in pairs:
        copy_weights(ours, theirs)
        x = torch.randn(2, 24, 8, 8)
        assert torch.allclose(ours(x.clone()), theirs(x), atol=1e-5)


@pytest.mark.parametrize('block', [BasicBlock, Bottleneck])
def test_decoder_block_doubles_by_transposed_convolutions(block: type[nn.Module]) -> None:
    layer = block(32, 16, 'up')
    assert layer(torch.randn(2, 32, 4, 6)).shape == (2, 16, 8, 12)
    transposed = [m for m in layer.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.kernel_size for m in transposed] == [(2, 2), (2, 2)]
    assert all(m.bias is None for m in layer.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)))


@pytest.mark.parametrize('block', [BasicBlock, Bottleneck])
def test_same_width_and_size_has_no_parameters_in_the_shortcut(block: type[nn.Module]) -> None:
    layer, x = block(16, 16), torch.randn(2, 16, 4, 4)
    nn.init.zeros_(layer.body[-1].weight)  # the last normalisation: nothing but the shortcut is left
    assert torch.equal(layer(x), x.relu())


@pytest.mark.parametrize(('block', 'width'), [(BasicBlock, 16), (Bottleneck, 8)])
def test_options(block: type[nn.Module], width: int) -> None:
    layer = block(16, 32, 'up', norm='BCN', act='SiLU', rfa=True)
    kinds = [type(m) for m in layer.modules()]
    assert kinds.count(RFAConv) == 1 and nn.BatchNorm2d not in kinds and nn.ReLU not in kinds
    assert BatchChannelNorm in kinds and nn.SiLU in kinds
    before = layer.body[[type(m) for m in layer.body].index(RFAConv) + 1]
    assert isinstance(before, nn.ConvTranspose2d) and before.in_channels == width  # right behind the RFAConv
    y = layer(torch.randn(2, 16, 4, 4))
    assert y.shape == (2, 32, 8, 8) and y.min() < 0


def test_stage() -> None:
    stage = residual_stage('bottleneck', 3, 24, 32, 'down', wide=True, act='SiLU')
    assert len(stage) == 3 and stage(torch.randn(1, 24, 8, 8)).shape == (1, 32, 4, 4)
    assert [type(block) for block in residual_stage('basic', 2, 24, 32, 'none')] == [BasicBlock, BasicBlock]
    assert stage[1].body[0].out_channels == 16  # wide: half inside


def test_mistyped_options() -> None:
    with pytest.raises(UserError, match="block is 'botleneck', known are basic, bottleneck: change it"):
        residual_stage('botleneck', 2, 16, 16, 'none')
    with pytest.raises(UserError, match="resample is 'upp', known are none, down, up"):
        residual_stage('basic', 2, 16, 16, 'upp')
