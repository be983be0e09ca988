import copy

import pytest
import torch
from torch import nn

from mminspect.core.errors import UserError
from mminspect.models.digests import weights_sha256
from mminspect.models.teacher import TeacherSlot, announce_random, computing_as, freeze


def network() -> nn.Sequential:
    """With the layers whose precision autocast treats each in another way."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.GroupNorm(2, 8), nn.Conv2d(8, 4, 1))


class Student(nn.Module):
    def __init__(self, dtype: str | None = None) -> None:
        super().__init__()
        self.own = nn.Linear(2, 2)
        self.slot = TeacherSlot(dtype)

    def _apply(self, fn, recurse=True):
        super()._apply(fn, recurse)
        self.slot.follow(fn)
        return self


def test_the_module_tree_of_the_student_does_not_have_the_teacher() -> None:
    student = Student()
    teacher = student.slot.put(network())
    assert {name for name, _ in student.named_parameters()} == {'own.weight', 'own.bias'} == set(student.state_dict())
    assert not teacher.training and not any(p.requires_grad for p in teacher.parameters())
    student.double().to(memory_format=torch.channels_last)
    assert teacher[0].weight.dtype == torch.float64
    assert teacher[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert copy.deepcopy(student).slot.module is not teacher


def test_own_precision_stays_whatever_the_student_becomes() -> None:
    student, plain = Student('bfloat16'), network()
    digest = weights_sha256(plain.state_dict())
    teacher = student.slot.put(copy.deepcopy(plain))
    expected = {name: value.to(torch.bfloat16) for name, value in plain.named_parameters()}
    for cast in (nn.Module.double, nn.Module.half, nn.Module.float):  # over half, bfloat16 would lose its small numbers
        with torch.no_grad():
            teacher[0].weight[0, 0, 0, 0] = expected['0.weight'][0, 0, 0, 0] = 1e-30
        cast(student)
        assert all(value.dtype == torch.bfloat16 and torch.equal(value, expected[name])
                   for name, value in teacher.named_parameters())
    assert student.slot.identity() == digest  # of the weights of the file, whatever they are rounded to
    student.to('meta')
    assert teacher[0].weight.is_meta and teacher[0].weight.dtype == torch.bfloat16


@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
@pytest.mark.parametrize('outer', [torch.float32, torch.float64])
def test_half_precision_takes_what_a_student_in_full_precision_has(dtype: str, outer: torch.dtype) -> None:
    exact, x = freeze(network()), torch.randn(2, 3, 8, 8, dtype=outer)
    half = copy.deepcopy(exact).to(getattr(torch, dtype))
    with computing_as(half, x.dtype):
        y = half(x.to(getattr(torch, dtype)))
    assert torch.allclose(y.to(torch.float32), exact(x.float()), atol=0.1)


def test_gradients_of_the_input_pass_through_half_precision() -> None:
    exact, x = freeze(network()), torch.randn(2, 3, 8, 8, requires_grad=True)
    half = copy.deepcopy(exact).bfloat16()
    wanted, = torch.autograd.grad(exact(x).square().sum(), x)
    with computing_as(half, x.dtype):
        found, = torch.autograd.grad(half(x).float().square().sum(), x)
    assert found.dtype == torch.float32 and torch.cosine_similarity(found.flatten(), wanted.flatten(), 0) > 0.99


def test_full_precision_changes_nothing() -> None:
    exact, x = freeze(network()), torch.randn(2, 3, 8, 8)
    with computing_as(exact, torch.bfloat16):
        assert torch.equal(exact(x), exact(x)) and not torch.is_autocast_enabled('cpu')


def test_unknown_precision() -> None:
    with pytest.raises(UserError, match="the dtype of the teacher is 'int8', known are None, bfloat16, float16"):
        TeacherSlot('int8')


def test_random_weights_are_announced(messages: list[str]) -> None:
    announce_random('VGGTeacher', 'weights')
    assert any('RANDOM teacher weights: VGGTeacher has weights=None' in message for message in messages)
