"""Which part of the student learns from what: the defining property of cross-head distillation."""
import pytest
import torch
from torch import nn

from helpers import HEADS, KD, batch, build, detector_cfg, distilled_cfg, total

OUTPUTS = dict(GFL=['gfl_cls', 'gfl_reg', 'scales'], ATSS=['atss_cls', 'atss_reg', 'atss_centerness', 'scales'],
               RetinaNet=['retina_cls', 'retina_reg'])
CASES = [*(('GFL', t) for t in range(5)), *((kind, t) for kind in ('ATSS', 'RetinaNet') for t in (0, 3))]


def touched(module: nn.Module) -> bool:
    """Whether any gradient arrived; a gradient of exactly zero counts as none."""
    return any(p.grad is not None and bool(p.grad.any()) for p in module.parameters())


def kd_only(name: str) -> bool:
    return name.endswith('_kd')


@pytest.mark.parametrize(('kind', 't'), CASES)
def test_distillation_reaches_the_layers_below_t_and_no_other(kind: str, t: int) -> None:
    student = build(distilled_cfg(kind, [dict(KD[kind], reused_teacher_head_idx=t)]))
    inputs, samples = batch()
    losses = student(inputs, samples, mode='loss', inputs_clean=inputs + 0.2)
    total(losses, kd_only).backward()
    head = student.bbox_head
    for convs in (head.cls_convs, head.reg_convs):
        assert [touched(conv) for conv in convs] == [True] * t + [False] * (4 - t)
    assert not any(touched(getattr(head, name)) for name in OUTPUTS[kind])
    assert touched(student.neck) and touched(student.backbone.layer1)
    assert all(p.grad is None for p in student.teacher.parameters())


@pytest.mark.parametrize('kind', HEADS)
def test_labels_reach_every_layer(kind: str) -> None:
    student = build(distilled_cfg(kind))
    total(student(*batch(), mode='loss'), lambda name: not kd_only(name)).backward()
    assert all(touched(conv) for convs in (student.bbox_head.cls_convs, student.bbox_head.reg_convs) for conv in convs)
    assert touched(student.backbone) and all(touched(getattr(student.bbox_head, name)) for name in OUTPUTS[kind])


@pytest.mark.parametrize(('kind', 't'), CASES)
def test_a_copy_of_the_teacher_without_noise_has_nothing_to_learn(kind: str, t: int) -> None:
    student = build(distilled_cfg(kind, [dict(KD[kind], reused_teacher_head_idx=t)]))
    losses = student(*batch(), mode='loss')
    reference = total(losses, kd_only).item()
    student.load_state_dict(student.teacher.state_dict(), strict=True)
    losses = student(*batch(), mode='loss')
    assert sum(losses['loss_cls_kd']).item() == pytest.approx(0, abs=1e-6)
    assert sum(losses['loss_reg_kd']).item() == pytest.approx(0, abs=1e-4)
    assert reference > 1e-2
    if kind == 'ATSS':  # cross-entropy with soft centernesses has their entropy as minimum: the gradient vanishes there
        sum(losses['loss_quality_kd']).backward()
        assert max(p.grad.abs().max() for p in student.parameters() if p.grad is not None) < 1e-4


def test_noise_alone_makes_the_views_and_the_losses_differ() -> None:
    student = build(distilled_cfg())
    student.load_state_dict(student.teacher.state_dict())
    inputs, samples = batch()
    losses = student(inputs, samples, mode='loss', inputs_clean=inputs + torch.randn_like(inputs))
    assert total(losses, kd_only).item() > 1e-2


def test_a_few_steps_on_distillation_alone_bring_the_student_closer() -> None:
    student = build(distilled_cfg(teacher=dict(model=detector_cfg(width=64))))
    optimizer = torch.optim.Adam(student.parameters(), lr=2e-3)
    inputs, samples = batch()
    values = []
    for _ in range(12):
        loss = total(student(inputs, samples, mode='loss'), kd_only)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < 0.7 * values[0]
