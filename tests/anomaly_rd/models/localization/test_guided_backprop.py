import pytest
import torch
from torch import nn

from anomaly_rd.models.localization import GuidedBackprop
from anomaly_rd.models.localization.guided_backprop import guided


def hooks(network: nn.Module) -> int:
    return sum(len(module._backward_hooks) + len(module._forward_hooks) for module in network.modules())


class Rule(torch.autograd.Function):
    """ReLU with the rule of guided backpropagation, written out."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return torch.where((x > 0) & (grad > 0), grad, 0.0)


def test_rule_on_the_student_only():
    student = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(),
                            nn.MaxPool2d(2))
    teacher = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    images = torch.randn(2, 3, 12, 12)

    def score(x):
        return (teacher(x) - student(x)).square().sum((1, 2, 3))

    def by_hand(x):
        y = Rule.apply(student[2](Rule.apply(student[0](x))))
        return (teacher(x) - student[4](y)).square().sum((1, 2, 3))

    x = images.clone().requires_grad_()
    expected, = torch.autograd.grad(by_hand(x).sum(), x)
    plain, = torch.autograd.grad(score(x).sum(), x)
    ours = GuidedBackprop().saliency(score, images, student)
    assert torch.allclose(ours, expected, atol=1e-6)
    assert not torch.allclose(ours, plain, atol=1e-3)
    assert hooks(student) == hooks(teacher) == 0


def test_hooks_are_removed_after_an_error():
    network = nn.Sequential(nn.ReLU(), nn.ReLU())
    with pytest.raises(RuntimeError), guided(network):
        assert hooks(network) == 2
        raise RuntimeError
    assert hooks(network) == 0
