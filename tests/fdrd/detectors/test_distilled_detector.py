import copy
import pickle
from typing import Any

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from fdrd.detectors import distilled_detector
from fdrd.distillers import CrossHeadKD, DistillationTerm, cross_head
from fdrd.tracing import DenseTargets, Trace, trace_head
from helpers import HEADS, IOU_KD, KD, batch, build, detector_cfg, distilled_cfg, save_checkpoint, total
from mminspect.core.errors import UserError


def plain(kind: str = 'GFL', seed: int = 0, **kwargs) -> nn.Module:
    return build(detector_cfg(kind, **kwargs), seed)


def step(model: nn.Module, wrapper: OptimWrapper, seed: int) -> None:
    inputs, samples = batch(seed=seed)
    wrapper.update_params(total(model(inputs, samples, mode='loss', inputs_clean=inputs + 0.1)))


@pytest.mark.parametrize('kind', HEADS)
def test_checkpoint_is_that_of_the_plain_detector(kind: str) -> None:
    student, detector = build(distilled_cfg(kind), 0), plain(kind, 5)
    assert student.state_dict().keys() == detector.state_dict().keys()
    detector.load_state_dict(student.state_dict(), strict=True)
    inputs, samples = batch()
    student.eval(), detector.eval()
    with torch.no_grad():
        for a, b in zip(student(inputs), detector(inputs), strict=True):
            assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
        ours, theirs = (m(inputs, copy.deepcopy(samples), mode='predict') for m in (student, detector))
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a.pred_instances.bboxes, b.pred_instances.bboxes)
        assert torch.equal(a.pred_instances.scores, b.pred_instances.scores)


def test_teacher_is_no_part_of_the_student() -> None:
    student = build(distilled_cfg())
    teacher = student.teacher
    own = {id(part) for parts in (teacher.parameters(), teacher.buffers(), teacher.modules()) for part in parts}
    assert not own & {id(p) for p in student.parameters()}
    assert not own & {id(b) for b in student.buffers()}
    assert not own & {id(m) for m in student.modules()}
    assert not any('teacher' in name for name in [*student.state_dict(), *dict(student.named_modules())])


def test_teacher_stays_in_eval_and_bit_equal_while_the_student_learns() -> None:
    student = build(distilled_cfg(distillers=[KD['GFL'], dict(type='LocalizationKD'), dict(type='FeaturePKD')]))
    student.backbone.norm_eval = False
    assert student.train() is student
    before = {k: v.clone() for k, v in student.teacher.state_dict().items()}
    own = {k: v.clone() for k, v in student.state_dict().items()}
    wrapper = OptimWrapper(torch.optim.SGD(student.parameters(), lr=0.01, weight_decay=0.1))
    for seed in range(2):
        step(student, wrapper, seed)
        student.train()
    assert not any(m.training for m in student.teacher.modules())
    assert all(not p.requires_grad and p.grad is None for p in student.teacher.parameters())
    assert all(torch.equal(v, before[k]) for k, v in student.teacher.state_dict().items())
    changed = sum(not torch.equal(v, own[k]) for k, v in student.state_dict().items())
    assert changed > 0.9 * len(own)  # batch statistics among them: the student is not in eval


@pytest.mark.parametrize('kind', HEADS)
def test_detection_losses_are_those_of_the_plain_detector(kind: str) -> None:
    student, detector = build(distilled_cfg(kind)), plain(kind)
    detector.load_state_dict(student.state_dict())
    inputs, samples = batch()
    expected = detector(inputs, copy.deepcopy(samples), mode='loss')
    losses = student(inputs, samples, mode='loss')
    for name, values in expected.items():
        assert [v.item() for v in losses[name]] == [v.item() for v in values], name
    kd = {'loss_cls_kd', 'loss_reg_kd'} | ({'loss_quality_kd'} if kind == 'ATSS' else set())
    assert losses.keys() - expected.keys() == kd


def test_teacher_sees_the_clean_view_and_keeps_no_graph() -> None:
    student = build(distilled_cfg(distillers=[dict(type='FeaturePKD')]))
    seen, modes = [], []
    student.teacher.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    student.teacher.backbone.register_forward_hook(lambda *_: modes.append(torch.is_grad_enabled()))
    inputs, samples = batch()
    clean = inputs + 1
    student(inputs, samples, mode='loss', inputs_clean=clean)
    student(inputs, samples, mode='loss')
    assert seen[0] is clean and seen[1] is inputs and modes == [False, False]


@pytest.mark.parametrize(('terms', 'calls'), [([], (0, 0)), ([dict(type='FeaturePKD')], (1, 0)),
                                              ([dict(type='FeaturePKD'), dict(type='LocalizationKD')], (1, 5))])
def test_no_more_of_the_teacher_is_computed_than_the_terms_need(terms: list[dict], calls: tuple[int, int]) -> None:
    student, seen = build(distilled_cfg(distillers=terms)), {'neck': 0, 'head': 0}
    for name, part in (('neck', student.teacher.neck), ('head', student.teacher.bbox_head.gfl_cls)):
        part.register_forward_hook(lambda *_, name=name: seen.update({name: seen[name] + 1}))
    assert total(student(*batch(), mode='loss')).isfinite()
    assert (seen['neck'], seen['head']) == calls  # the head runs once a level


@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
@pytest.mark.parametrize('kind', HEADS)
def test_teacher_in_half_precision_and_student_in_float32(kind: str, dtype: str) -> None:
    terms = [KD[kind], dict(type='FeaturePKD')]
    exact = build(distilled_cfg(kind, terms))
    half = build(dict(distilled_cfg(kind, terms), teacher_dtype=dtype))
    half.load_state_dict(exact.state_dict())
    half.teacher.load_state_dict(exact.teacher.state_dict())
    inputs, samples = batch()
    expected, losses = (m(inputs, copy.deepcopy(samples), mode='loss') for m in (exact, half))
    assert {p.dtype for p in half.teacher.parameters()} == {getattr(torch, dtype)}
    total(losses).backward()
    assert all(p.grad.isfinite().all() and p.dtype == torch.float32 for p in half.parameters() if p.requires_grad)
    for name, values in expected.items():
        found, wanted = (sum(v).item() if isinstance(v, list) else v.item() for v in (losses[name], values))
        assert found == pytest.approx(wanted, rel=0.05, abs=2e-3), name


def test_views_of_different_size_are_refused() -> None:
    inputs, samples = batch()
    with pytest.raises(ValueError, match='the student sees'):
        build(distilled_cfg())(inputs, samples, mode='loss', inputs_clean=inputs[:, :, :32])


def test_terms_are_combined_freely_but_each_once() -> None:
    terms = [dict(type='CrossHeadKD', reused_teacher_head_idx=1), dict(type='LocalizationKD'), dict(type='FeaturePKD')]
    student = build(distilled_cfg(distillers=terms))
    inputs, samples = batch()
    assert student.hold == {1}
    losses = student(inputs, samples, mode='loss')
    assert losses.keys() >= {'loss_cls_kd', 'loss_reg_kd', 'loss_ld', 'loss_feat_kd'}
    parsed, log = student.parse_losses(losses)
    assert parsed.item() == pytest.approx(total(losses).item()) and log['loss_feat_kd'] > 0
    assert build(distilled_cfg(distillers=[]))(inputs, samples, mode='loss').keys() == {'loss_cls', 'loss_bbox',
                                                                                       'loss_dfl'}
    with pytest.raises(ValueError, match='two distillation terms'):
        build(distilled_cfg(distillers=[KD['GFL']] * 2))(inputs, samples, mode='loss')


@pytest.mark.parametrize('kind', HEADS)
def test_images_without_objects_train(kind: str) -> None:
    student = build(distilled_cfg(kind))
    inputs, samples = batch(boxes=None)
    losses = student(inputs, samples, mode='loss')
    total(losses).backward()
    assert sum(losses['loss_bbox']).item() == 0
    assert sum(losses['loss_cls']).item() > 0
    assert sum(losses['loss_cls_kd']).item() > 0
    assert all(p.grad is not None and p.grad.isfinite().all() for p in student.parameters() if p.requires_grad)


@pytest.mark.parametrize('kind', HEADS)
def test_bfloat16_step_is_finite_with_losses_close_to_float32(kind: str) -> None:
    student = build(distilled_cfg(kind))
    inputs, samples = batch()
    plain_losses = student(inputs, copy.deepcopy(samples), mode='loss')
    with torch.autocast('cpu', torch.bfloat16):
        losses = student(inputs, samples, mode='loss')
    total(losses).backward()
    assert all(p.grad.isfinite().all() for p in student.parameters() if p.requires_grad)
    for name, values in plain_losses.items():
        assert sum(losses[name]).item() == pytest.approx(sum(values).item(), rel=0.05, abs=1e-3), name


def rounded(value: Any, dtype: torch.dtype, grad: bool) -> Any:
    """Nested lists of tensors (and dicts of such), rounded to bfloat16, each a leaf in ``dtype``."""
    if isinstance(value, torch.Tensor):
        return value.detach().bfloat16().to(dtype).requires_grad_(grad)
    if isinstance(value, dict):
        return {key: rounded(entry, dtype, grad) for key, entry in value.items()}
    return type(value)(rounded(entry, dtype, grad) for entry in value)


def leaves_of(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    return [leaf for entry in (value.values() if isinstance(value, dict) else value) for leaf in leaves_of(entry)]


@pytest.mark.parametrize('autocast', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('kind', HEADS)
def test_losses_and_terms_under_autocast_are_those_of_float32(kind: str, autocast: torch.dtype, monkeypatch) -> None:
    """Values and gradients, of the same features of both views in half precision and the same outputs; the layers that
    a term runs are replaced by what they gave."""
    more = [dict(type='LocalizationKD')] if kind == 'GFL' else []
    student, (inputs, samples) = build(distilled_cfg(kind, [KD[kind], dict(type='FeaturePKD'), *more])), batch()
    heads = student.bbox_head, student.teacher.bbox_head
    with torch.no_grad():
        traces = [trace_head(head, model.extract_feat(view), student.hold)
                  for head, model, view in zip(heads, (student, student.teacher), (inputs + 0.2, inputs), strict=True)]
        crossed = student.distillers[0].cross_head_outputs(*traces)

    def losses_of(dtype: torch.dtype, enabled: bool) -> tuple[dict, list[torch.Tensor]]:
        made = {head: Trace(head, *(rounded(part, dtype, head is heads[0]) for part in (trace.neck, trace.held)),
                            rounded(trace.outputs, torch.float32, head is heads[0]), autocast if enabled else None)
                for head, trace in zip(heads, traces, strict=True)}
        ends = rounded(crossed, torch.float32, True)
        monkeypatch.setattr(distilled_detector, 'trace_head', lambda head, *_: made[head])
        monkeypatch.setattr(cross_head, 'resume_towers', lambda *_, start: ends)
        with torch.autocast('cpu', autocast, enabled=enabled):
            losses = student(inputs, copy.deepcopy(samples), mode='loss')
        total(losses).backward()
        ours = made[heads[0]]
        return losses, leaves_of([ours.neck, ours.outputs, ends])

    (found, half), (exact, full) = losses_of(torch.bfloat16, True), losses_of(torch.float32, False)
    assert found.keys() == exact.keys() and len(found) == dict(GFL=7, ATSS=7, RetinaNet=5)[kind]
    for name, values in exact.items():
        values, ours = ([v] if isinstance(v, torch.Tensor) else v for v in (values, found[name]))
        assert all(value.dtype == torch.float32 for value in ours)
        assert [v.item() for v in ours] == pytest.approx([v.item() for v in values], rel=1e-3, abs=1e-6), name
    for a, b in zip(half, full, strict=True):
        torch.testing.assert_close(a.grad, b.grad.to(a.dtype), rtol=1e-3, atol=1e-5 * b.grad.abs().max().item())


class ProductKD(DistillationTerm):
    """A term as somebody else writes one, whose loss autocast would compute in half precision."""

    hold = (3, )

    def forward(self, student: Trace, teacher: Trace, targets: DenseTargets) -> dict[str, torch.Tensor]:
        maps = [*student.neck, *student.held[3][0], *student.outputs[0], *teacher.neck, *teacher.held[3][1],
                *teacher.outputs[1], *targets.anchors, *targets.label_weights]
        assert {m.dtype for m in maps} == {torch.float32}
        ours, theirs = (trace.outputs[1][0].flatten(1) for trace in (student, teacher))
        product = (ours @ theirs.T).mean()
        assert product.item() == pytest.approx((ours.double() @ theirs.double().T).mean().item(), rel=1e-5)
        return dict(loss_product=product)


@pytest.mark.parametrize('autocast', [torch.bfloat16, torch.float16])
def test_a_term_of_somebody_else_computes_in_float32_and_layers_in_half_precision(autocast: torch.dtype) -> None:
    student, (inputs, samples) = build(distilled_cfg(teacher=dict(model=detector_cfg(width=64)))), batch()
    student.distillers.append(ProductKD())
    layers = [student.backbone.conv1, student.bbox_head.cls_convs[3].conv, student.distillers[0].adapters[0],
              student.teacher.bbox_head.reg_convs[3].conv]  # the last in the teacher's pass and behind the student's
    seen = [[] for _ in layers]
    for layer, outputs in zip(layers, seen, strict=True):
        layer.register_forward_hook(lambda _, __, output, outputs=outputs: outputs.append(output.dtype))
    with torch.autocast('cpu', autocast):
        losses = student(inputs, samples, mode='loss', inputs_clean=inputs + 0.1)
    assert [len(outputs) for outputs in seen] == [1, 5, 5, 10]
    assert {dtype for outputs in seen for dtype in outputs} == {autocast}
    assert losses['loss_product'].dtype == torch.float32
    total(losses).backward()
    assert all(p.grad.isfinite().all() for p in student.parameters() if p.grad is not None)


@pytest.mark.parametrize('loaded', [True, False])
def test_teacher_follows_device_and_dtype(loaded: bool) -> None:
    init_default_scope('mmdet')
    student = MODELS.build(ConfigDict(distilled_cfg()))
    if loaded:
        _ = student.teacher
    assert student.to(torch.float64) is student
    assert {p.dtype for p in student.teacher.parameters()} == {torch.float64}
    assert student.cpu() is student and student.to('cpu') is student
    student.bfloat16()
    assert {p.dtype for p in student.teacher.parameters()} == {torch.bfloat16}
    student.to(memory_format=torch.channels_last)
    assert student.teacher.neck.fpn_convs[0].conv.weight.is_contiguous(memory_format=torch.channels_last)
    student.to('meta')
    assert {p.device.type for p in student.teacher.parameters()} == {'meta'}


@pytest.mark.parametrize('copied', [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_leave_the_teacher_behind(copied) -> None:
    student = build(distilled_cfg())
    twin = copied(student)
    assert student.teacher_slot.module is not None and twin.teacher_slot.module is None
    assert all(torch.equal(v, twin.state_dict()[k]) for k, v in student.state_dict().items())
    inputs, samples = batch()
    assert len(twin.eval()(inputs, samples, mode='predict')) == 2


def test_testing_needs_no_file_of_the_teacher(tmp_path) -> None:
    file = save_checkpoint(plain(), tmp_path / 'student.pth')
    cfg = distilled_cfg(teacher=str(tmp_path / 'gone.py'), ckpt=tmp_path / 'gone.pth')
    init_default_scope('mmdet')
    student = MODELS.build(ConfigDict(cfg)).eval()
    student.load_state_dict(torch.load(file)['state_dict'], strict=True)
    inputs, samples = batch()
    assert len(student(inputs, samples, mode='predict')) == 2
    with pytest.raises(UserError, match=r'gone\.py does not exist'):
        student.init_weights()
    with pytest.raises(UserError, match=r'gone\.py does not exist'):
        student(inputs, samples, mode='loss')


@pytest.mark.parametrize('named', [True, False])
def test_adapters_join_different_widths_and_stay_out_of_the_checkpoint(named: bool) -> None:
    width = 64 if named else 256  # mmdet's default where the teacher's config does not name it
    teacher = detector_cfg(width=width)
    if not named:
        del teacher['bbox_head']['feat_channels']
    student, detector = build(distilled_cfg(teacher=dict(model=teacher))), plain()
    assert student.state_dict().keys() == detector.state_dict().keys()
    adapters = student.distillation_parameters()
    assert sorted(tuple(p.shape) for p in adapters.values()) == [(width, ), (width, ), (width, 32, 1, 1),
                                                                 (width, 32, 1, 1)]
    wrapper = build_optim_wrapper(student, dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)))
    optimised = {id(p) for group in wrapper.param_groups for p in group['params']}
    assert {id(p) for p in adapters.values()} <= optimised
    before = {k: v.clone() for k, v in adapters.items()}
    step(student, wrapper, 0)
    # alignment takes every offset away, so that a bias learns nothing; the weights do
    assert all(not torch.equal(v, before[k]) for k, v in adapters.items() if k.endswith('weight'))


def test_detector_without_cross_head_term_needs_no_adapter() -> None:
    student = build(distilled_cfg(teacher=dict(model=detector_cfg(feat_channels=64)),
                                  distillers=[dict(type='FeaturePKD'), dict(type='LocalizationKD')]))
    assert not student.distillation_parameters()
    assert not any(isinstance(term, CrossHeadKD) for term in student.distillers)
    assert total(student(*batch(), mode='loss')).isfinite()


def test_iou_terms_reach_the_detector_for_atss_only_with_an_atss_teacher() -> None:
    with pytest.raises(UserError, match='same kind of head'):
        build(distilled_cfg('ATSS', [IOU_KD], teacher=dict(model=detector_cfg('RetinaNet', anchor_generator=HEADS[
            'ATSS']['anchor_generator']))))
