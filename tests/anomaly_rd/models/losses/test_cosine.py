import numpy as np
import pytest
import torch

from anomaly_rd.models.losses import CosineDistillationLoss
from mminspect.core.errors import UserError

SHAPES = [(2, 4, 8, 8), (2, 6, 4, 4), (2, 8, 2, 2)]


def levels() -> list[torch.Tensor]:
    return [torch.randn(shape) for shape in SHAPES]


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return 1 - float(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b))


def reference(teacher: list[torch.Tensor], student: list[torch.Tensor], mode: str) -> float:
    total = 0.0
    for t, s in zip(teacher, student, strict=True):
        t, s = t.double().numpy(), s.double().numpy()
        if mode == 'global':
            total += np.mean([distance(a.ravel(), b.ravel()) for a, b in zip(t, s, strict=True)])
        else:
            n, _, h, w = t.shape
            total += np.mean([distance(t[i, :, y, x], s[i, :, y, x])
                              for i in range(n) for y in range(h) for x in range(w)])
    return total


@pytest.mark.parametrize('mode', ['global', 'local'])
def test_value(mode: str) -> None:
    teacher, student = levels(), levels()
    assert CosineDistillationLoss(mode)(teacher, student).item() == pytest.approx(reference(teacher, student, mode),
                                                                                  rel=1e-5)


def test_scaling_a_map_matters_to_neither_scaling_its_positions_to_global_alone() -> None:
    teacher, student = levels(), levels()
    whole = [s * k for s, k in zip(student, (0.1, 3, 70), strict=True)]
    positions = [s * (0.1 + torch.rand(s.shape[0], 1, *s.shape[2:]) * 5) for s in student]
    for mode, invariant in (('global', False), ('local', True)):
        loss = CosineDistillationLoss(mode)
        value = loss(teacher, student).item()
        assert loss(teacher, whole).item() == pytest.approx(value, abs=1e-5)
        assert (abs(loss(teacher, positions).item() - value) < 1e-5) == invariant


@pytest.mark.parametrize('mode', ['global', 'local'])
def test_gradients(mode: str) -> None:
    teacher = [t.double().requires_grad_() for t in levels()]
    student = [s.double().requires_grad_() for s in levels()]
    CosineDistillationLoss(mode)(teacher, student).backward()
    assert all(t.grad is None for t in teacher) and all(s.grad.any() for s in student)
    assert torch.autograd.gradcheck(lambda *s: CosineDistillationLoss(mode)(teacher, s), student)


def test_dead_student_gives_finite_gradients() -> None:
    student = [torch.zeros(shape, requires_grad=True) for shape in SHAPES]
    loss = CosineDistillationLoss()(levels(), student)
    loss.backward()
    assert loss.item() == pytest.approx(3) and all(s.grad.isfinite().all() for s in student)


@pytest.mark.parametrize('mode', ['global', 'local'])
def test_autocast_and_half_precision_are_computed_in_float32(mode: str) -> None:
    teacher, student = ([t.bfloat16() for t in levels()] for _ in range(2))
    with torch.autocast('cpu', torch.bfloat16):
        loss = CosineDistillationLoss(mode)(teacher, student)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(reference([t.float() for t in teacher], [s.float() for s in student], mode),
                                        rel=1e-5)


def test_unknown_mode() -> None:
    with pytest.raises(UserError, match=r"loss\.mode is 'cosine'"):
        CosineDistillationLoss('cosine')
