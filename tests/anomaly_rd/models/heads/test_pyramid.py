import pytest
import torch
from torch import nn

from anomaly_rd.models.heads import ASPP, FPN, SPP


@pytest.mark.parametrize('kind', [ASPP, SPP, FPN])
@pytest.mark.parametrize('size', [(16, 16), (8, 24), (7, 5)])
def test_shape_is_kept_and_every_parameter_learns(kind, size):
    pyramid = kind(8)
    out = pyramid(torch.rand(2, 8, *size))
    assert out.shape == (2, 8, *size)
    out.square().sum().backward()
    unused = [name for name, p in pyramid.named_parameters() if p.grad is None]
    assert not unused


@pytest.mark.parametrize('kind', [ASPP, SPP, FPN])
def test_one_image_can_be_trained(kind):
    kind(8).train()(torch.rand(1, 8, 16, 16))


def test_aspp_branches_see_as_far_as_their_dilations():
    """An impulse appears exactly at the centres and corners of the dilated kernels, and in the mean everywhere."""
    aspp = ASPP(1, dilations=(2, 5)).eval()
    for module in aspp.dilated.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.ones_(module.weight)
    x = torch.zeros(1, 1, 21, 21)
    x[0, 0, 10, 10] = 1
    for branch, rate in zip(aspp.dilated, (2, 5), strict=True):
        seen = {tuple(p) for p in branch(x)[0, 0].nonzero().tolist()}
        assert seen == {(10 + i * rate, 10 + j * rate) for i in (-1, 0, 1) for j in (-1, 0, 1)}


def test_aspp_has_four_branches_and_the_published_shape():
    aspp = ASPP(256)
    expected = (256 * 256 + 256) + 3 * (9 * 256 * 256 + 512) + (9 * 4 * 256 * 256 + 512)
    assert sum(p.numel() for p in aspp.parameters()) == expected
    assert [branch[0].dilation[0] for branch in aspp.dilated] == [6, 12, 18]


@pytest.mark.parametrize('kind', [ASPP, SPP, FPN])
def test_output_depends_on_far_away_pixels(kind):
    pyramid = kind(16).eval()
    x = torch.rand(1, 16, 32, 32, requires_grad=True)
    pyramid(x)[0, :, 16, 16].sum().backward()
    reach = x.grad.abs().sum((0, 1)).nonzero().sub(16).abs().max()
    assert reach >= 6  # a plain pair of 3 x 3 convolutions reaches 2
