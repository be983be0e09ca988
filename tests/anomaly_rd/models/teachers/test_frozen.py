import pytest
import torch
from torch import nn

from anomaly_rd.models.teachers import ResNetTeacher


@pytest.fixture
def teacher() -> ResNetTeacher:
    return ResNetTeacher(features=2)


def test_never_trains(teacher: ResNetTeacher) -> None:
    parent = nn.Sequential(teacher).train()
    assert parent.training and not any(module.training for module in teacher.modules())
    assert not any(p.requires_grad for p in teacher.parameters())
    before = {k: v.clone() for k, v in teacher.state_dict().items()}
    parent(torch.randn(2, 3, 32, 32))
    assert all(torch.equal(v, before[k]) for k, v in teacher.state_dict().items())


def test_gradients_of_the_input_pass(teacher: ResNetTeacher) -> None:
    x = torch.randn(1, 3, 32, 32, requires_grad=True)
    teacher(x)[1].sum().backward()
    assert x.grad.any()


def test_calibration_gives_the_mean_statistics(teacher: ResNetTeacher) -> None:
    assert not teacher.has_statistics
    batches = [torch.randn(4, 3, 32, 32) * scale + 1 for scale in (1, 3)]
    teacher.calibrate(iter(batches))
    stem = [teacher.conv1(batch) for batch in batches]
    mean = torch.stack([s.mean((0, 2, 3)) for s in stem]).mean(0)
    var = torch.stack([s.var((0, 2, 3)) for s in stem]).mean(0)
    assert torch.allclose(teacher.bn1.running_mean, mean, atol=1e-4)
    assert torch.allclose(teacher.bn1.running_var, var, rtol=1e-4)
    assert teacher.has_statistics and not any(module.training for module in teacher.modules())
    assert teacher.bn1.momentum == 0.1


def test_calibration_that_fails_leaves_the_teacher_frozen(teacher: ResNetTeacher) -> None:
    with pytest.raises(RuntimeError):
        teacher.calibrate([torch.randn(2, 4, 32, 32)])
    assert not any(module.training for module in teacher.modules()) and teacher.bn1.momentum == 0.1
