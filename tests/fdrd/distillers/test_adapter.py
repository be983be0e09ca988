import torch
from torch import nn

from fdrd.distillers.adapter import ChannelAdapter


def test_adapter_is_a_1x1_convolution() -> None:
    adapter, x = ChannelAdapter(3, 5), torch.randn(2, 3, 4, 6)
    expected = torch.einsum('oc,nchw->nohw', adapter.weight[:, :, 0, 0], x) + adapter.bias[:, None, None]
    assert torch.allclose(adapter(x), expected, atol=1e-6)


def test_adapter_learns_but_stays_out_of_checkpoints() -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 1), ChannelAdapter(3, 5))
    assert set(model.state_dict()) == {'0.weight', '0.bias'}
    assert {name for name, _ in model.named_parameters()} >= {'1.weight', '1.bias'}
    before = model[1].weight.clone()
    model.load_state_dict(nn.Sequential(nn.Conv2d(2, 3, 1)).state_dict(), strict=True)
    assert torch.equal(model[1].weight, before)
