from types import SimpleNamespace

import pytest
import torch
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmengine.config import ConfigDict

from fdrd.distillers import LocalizationKD
from fdrd.tracing import recording_targets, trace_head
from helpers import HEADS, batch, build_head, detector_cfg, features
from mminspect.core.errors import UserError


def ours(student: torch.nn.Module, teacher: torch.nn.Module, labels: tuple, **kwargs) -> list[torch.Tensor]:
    instances, ignored, metas = labels
    trace = trace_head(student, features(0))
    with recording_targets(student) as targets:
        student.loss_by_feat(*trace.outputs, instances, metas, ignored)
    losses = LocalizationKD(**kwargs)(trace, trace_head(teacher, features(1)), targets)
    assert losses.keys() == {'loss_ld'}
    return losses['loss_ld']


@pytest.mark.parametrize('boxes', [3, None])
def test_equals_mmdet_s_ld_head(boxes: int | None) -> None:
    student, teacher = build_head(seed=0), build_head(seed=1)
    labels = unpack_gt_instances(batch(2, boxes)[1])
    instances, ignored, metas = labels
    loss_ld = dict(type='KnowledgeDistillationKLDivLoss', loss_weight=0.25, T=10)
    cfg = detector_cfg()
    theirs = MODELS.build(ConfigDict(HEADS['GFL'], type='LDHead', num_classes=2, in_channels=32, feat_channels=32,
                                     loss_ld=loss_ld, train_cfg=cfg['train_cfg'], test_cfg=cfg['test_cfg']))
    theirs.load_state_dict(student.state_dict(), strict=True)
    expected = theirs.loss_by_feat(*theirs(features(0)), instances, metas, teacher(features(1))[1], ignored)['loss_ld']
    losses = ours(student, teacher, labels)
    assert [loss.item() for loss in losses] == pytest.approx([loss.item() for loss in expected], rel=1e-5)
    assert (sum(losses) > 0) == (boxes is not None)


def test_loss_pulls_the_positives_of_the_student_alone() -> None:
    student, teacher = build_head(seed=0), build_head(seed=1)
    losses = ours(student, teacher, unpack_gt_instances(batch()[1]))
    sum(losses).backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert student.gfl_reg.weight.grad.any() and student.reg_convs[0].conv.weight.grad.any()
    assert student.gfl_cls.weight.grad is None  # the score is a weight, not a target


def test_student_that_equals_the_teacher_has_no_loss() -> None:
    student = build_head()
    trace, labels = trace_head(student, features()), unpack_gt_instances(batch()[1])
    with recording_targets(student) as targets:
        student.loss_by_feat(*trace.outputs, labels[0], labels[2], labels[1])
    assert sum(LocalizationKD()(trace, trace, targets)['loss_ld']).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(('student', 'teacher', 'name'), [('ATSS', 'GFL', 'student'), ('GFL', 'RetinaNet', 'teacher')])
def test_heads_without_distributions_are_refused(student: str, teacher: str, name: str) -> None:
    pair = [SimpleNamespace(bbox_head=build_head(kind)) for kind in (student, teacher)]
    with pytest.raises(UserError, match=f'the {name} has'):
        LocalizationKD().check(*pair)
