import pytest
import torch
from torch import nn
from torchvision.models.vgg import cfgs, make_layers

from anomaly_rd.models.teachers import VGGTeacher
from mminspect.core.errors import UserError


@pytest.fixture(scope='module')
def theirs() -> nn.Module:
    network = nn.Module()
    network.features = make_layers(cfgs['D'])
    return network.eval()


@pytest.fixture(scope='module')
def weights(theirs, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp('vgg') / 'vgg16.pth'
    torch.save({**theirs.state_dict(), 'classifier.0.weight': torch.zeros(2, 2)}, path)
    return str(path)


@pytest.mark.parametrize('side', [64, 128])
def test_outputs_are_torchvisions_pool2_to_pool5(theirs, weights, side):
    x, expected = torch.rand(1, 3, side, side), []
    teacher, y = VGGTeacher(weights), x
    with torch.no_grad():
        for index, layer in enumerate(theirs.features):
            y = layer(y)
            if index in (9, 16, 23, 30):
                expected.append(y)
        outputs = teacher(x)
    assert [tuple(o.shape[1:]) for o in outputs] == [(c, side // s, side // s) for c, s in zip(
        (128, 256, 512, 512), (4, 8, 16, 32), strict=True)]
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(outputs, expected, strict=True))
    assert teacher.channels == (128, 256, 512, 512)


def test_modules_are_inserted_behind_the_activation_and_before_the_pooling(weights):
    seen = {}

    class Keep(nn.Module):
        def __init__(self, name: str, factor: float) -> None:
            super().__init__()
            self.name, self.factor = name, factor

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen[self.name] = x
            return self.factor * x

    teacher, x = VGGTeacher(weights), torch.rand(1, 3, 64, 64)
    plain = teacher(x)
    changed = teacher(x, nn.ModuleDict(dict(conv2_2=Keep('conv2_2', 2.0), pool3=Keep('pool3', 0.0))))
    assert seen['conv2_2'].shape == (1, 128, 32, 32) and seen['conv2_2'].min() == 0
    assert torch.allclose(changed[0], 2 * plain[0])
    assert seen['pool3'].shape == (1, 256, 8, 8) and not changed[1].any()
    assert torch.equal(changed[2], teacher(x, dict(pool3=nn.Threshold(1e9, 0.0)))[2])  # what follows gets the output


def test_frozen(weights):
    teacher = VGGTeacher(weights)
    assert not teacher.train().training and not any(p.requires_grad for p in teacher.parameters())
    x = torch.rand(1, 3, 64, 64, requires_grad=True)
    teacher(x)[3].sum().backward()
    assert x.grad.abs().sum() > 0


def test_random_weights_are_announced(messages):
    assert VGGTeacher().is_random
    assert any('RANDOM' in message and 'VGGTeacher' in message for message in messages)


def test_other_weights_are_refused(tmp_path):
    torch.save(dict(weight=torch.zeros(2)), tmp_path / 'other.pth')
    with pytest.raises(UserError, match='do not fit'):
        VGGTeacher(str(tmp_path / 'other.pth'))
