"""CrossHeadKD against the formulas of the method, written out with plain operators."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from torch import Tensor, nn
from torchvision.ops import generalized_box_iou_loss

from fdrd.distillers import CrossHeadKD
from fdrd.distillers.cross_head import align_statistics, rows
from fdrd.tracing import DenseTargets, trace_head
from helpers import HEADS, KD, LEVELS, build_head, features
from mminspect.core.errors import UserError

NAMES = dict(GFL=('gfl_cls', 'gfl_reg'), ATSS=('atss_cls', 'atss_reg'), RetinaNet=('retina_cls', 'retina_reg'))
STDS = dict(ATSS=(0.1, 0.1, 0.2, 0.2), RetinaNet=(1.0, 1.0, 1.0, 1.0))


def term(kind: str = 'GFL', **kwargs) -> CrossHeadKD:
    return MODELS.build(dict(KD[kind], **kwargs))


def some_targets(head: nn.Module) -> DenseTargets:
    """An assignment with weights of 0 and 1 and a normaliser that no other number equals."""
    priors = head.prior_generator.grid_priors(LEVELS, device='cpu')
    shapes = [(2, len(p)) for p in priors]
    return DenseTargets(anchors=[p.expand(2, -1, -1) for p in priors], labels=[torch.zeros(s) for s in shapes],
                        label_weights=[(torch.rand(s) < 0.7).float() for s in shapes], num_positives=torch.tensor(3.5))


def half_way(convs: nn.ModuleList, x: Tensor, t: int) -> Tensor:
    for i in range(t):
        x = convs[i].conv(F.relu(x) if i else x)
        x = convs[i].norm(x) if convs[i].with_norm else x
    return x


def aligned(s: Tensor, t: Tensor) -> Tensor:
    if s[:, 0].numel() == 1:
        return s
    out = torch.empty_like(s)
    for c in range(s.shape[1]):
        out[:, c] = (s[:, c] - s[:, c].mean()) / (s[:, c].std() + 1e-6) * t[:, c].std() + t[:, c].mean()
    return out


def cross_by_hand(kind: str, student: nn.Module, teacher: nn.Module, necks: tuple, t: int) -> list[list[Tensor]]:
    """Class, box and centerness outputs of the teacher's remaining layers, level by level."""
    outputs = []
    for level, (own, others) in enumerate(zip(*necks, strict=True)):
        ends = []
        for tower in ('cls_convs', 'reg_convs'):
            x = aligned(half_way(getattr(student, tower), own, t), half_way(getattr(teacher, tower), others, t))
            for i in range(t, 4):
                conv = getattr(teacher, tower)[i]
                x = conv.conv(F.relu(x) if i else x)
                x = conv.norm(x) if conv.with_norm else x
            ends.append(F.relu(x))
        cls, reg = (getattr(teacher, name) for name in NAMES[kind])
        scale = 1.0 if kind == 'RetinaNet' else teacher.scales[level].scale
        outputs.append([cls(ends[0]), reg(ends[1]) * scale])
        if kind == 'ATSS':
            outputs[-1].append(teacher.atss_centerness(ends[1]))
    return [list(part) for part in zip(*outputs, strict=True)]


def grid(x: Tensor, width: int) -> Tensor:
    """(N, A*width, H, W) as (N, H, W, A, width)."""
    n, _, h, w = x.shape
    return x.reshape(n, -1, width, h, w).permute(0, 3, 4, 1, 2)


def boxes(kind: str, deltas: Tensor, anchors: Tensor) -> Tensor:
    d = deltas * torch.tensor(STDS[kind])
    size, centre = anchors[..., 2:] - anchors[..., :2], (anchors[..., 2:] + anchors[..., :2]) / 2
    centre, half = centre + d[..., :2] * size, size * d[..., 2:].exp() / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def losses_by_hand(kind: str, cross: list, own: tuple, targets: DenseTargets) -> dict[str, list[float]]:
    losses, weights = dict(loss_cls_kd=[], loss_reg_kd=[], loss_quality_kd=[]), []
    for level, label_weights in enumerate(targets.label_weights):
        r, t = (grid(x[0][level], 2).double() for x in (cross, own))
        v = label_weights.reshape(r.shape[:-1])
        bce = -(t.sigmoid() * r.sigmoid().log() + (1 - t.sigmoid()) * (1 - r.sigmoid()).log())
        focal = (r.sigmoid() - t.sigmoid()).abs() * bce
        losses['loss_cls_kd'].append((focal.sum(dim=-1) * v).sum().item() / 3.5)
        weights.append(v * t.sigmoid().max(dim=-1).values)
    z = sum(w.sum() for w in weights)
    for level, w in enumerate(weights):
        if kind == 'GFL':
            r, t = (grid(x[1][level], 68).unflatten(-1, (4, 17)).double() for x in (cross, own))
            q, p = t.softmax(dim=-1), r.softmax(dim=-1)
            kl = (q * (q / p).log()).sum(dim=-1).sum(dim=-1)
            losses['loss_reg_kd'].append((4.0 * (w * kl / 4).sum() / z).item())
            continue
        anchors = targets.anchors[level].reshape(*w.shape, 4)
        r, t = (boxes(kind, grid(x[1][level], 4), anchors) for x in (cross, own))
        giou = generalized_box_iou_loss(r, t)
        losses['loss_reg_kd'].append(((w * giou).sum() / z).item())
        if kind == 'ATSS':
            r, t = (grid(x[2][level], 1).squeeze(-1).double() for x in (cross, own))
            bce = -(t.sigmoid() * r.sigmoid().log() + (1 - t.sigmoid()) * (1 - r.sigmoid()).log())
            losses['loss_quality_kd'].append(((w * bce).sum() / z).item())
    return {name: values for name, values in losses.items() if values}


@pytest.mark.parametrize('kind', HEADS)
@pytest.mark.parametrize('t', [0, 3, 4])
def test_cross_head_outputs_and_losses_by_hand(kind: str, t: int) -> None:
    student, teacher = build_head(kind, 0), build_head(kind, 1)
    necks, targets = (features(2), features(3)), some_targets(teacher)
    with torch.no_grad():
        traces = [trace_head(head, neck, [t]) for head, neck in zip((student, teacher), necks, strict=True)]
        kd = term(kind, reused_teacher_head_idx=t)
        cross = kd.cross_head_outputs(*traces)
        expected = cross_by_hand(kind, student, teacher, necks, t)
        for ours, theirs in zip(cross, expected, strict=True):
            assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(ours, theirs, strict=True))
        losses = kd(*traces, targets)
        by_hand = losses_by_hand(kind, expected, traces[1].outputs, targets)
    assert losses.keys() == by_hand.keys()
    for name, values in by_hand.items():
        assert [loss.item() for loss in losses[name]] == pytest.approx(values, rel=1e-3, abs=1e-6), name
        assert min(values) > 0


def test_cross_head_path_is_not_the_student_s_path() -> None:
    student, teacher = build_head(seed=0), build_head(seed=1)
    traces = [trace_head(student, features(), [3]), trace_head(teacher, features(), [3])]
    cross = term().cross_head_outputs(*traces)
    for part, plain in zip(cross, traces[0].outputs, strict=True):
        assert not any(torch.allclose(a, b, atol=1e-3) for a, b in zip(part, plain, strict=True))


def test_align_statistics_gives_the_teacher_s_mean_and_deviation() -> None:
    student, teacher = torch.randn(2, 3, 4, 5) * 4 - 1, torch.randn(2, 3, 4, 5)
    out = align_statistics(student, teacher).double().transpose(0, 1).flatten(1).numpy()
    expected = teacher.double().transpose(0, 1).flatten(1).numpy()
    np.testing.assert_allclose(out.mean(axis=1), expected.mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(out.std(axis=1, ddof=1), expected.std(axis=1, ddof=1), rtol=1e-5)


def test_align_statistics_sends_gradients_through_the_student_s_statistics() -> None:
    student = torch.randn(2, 2, 2, 3, requires_grad=True)
    teacher, upstream = torch.randn(2, 2, 2, 3, requires_grad=True), torch.randn(2, 2, 2, 3)
    ours, = torch.autograd.grad(align_statistics(student, teacher), student, upstream)
    expected, = torch.autograd.grad(aligned(student, teacher.detach()), student, upstream)
    assert torch.allclose(ours, expected, atol=1e-5)
    assert ours.sum(dim=(0, 2, 3)).abs().max() < 1e-5  # a common offset of a channel changes nothing
    assert not align_statistics(student.detach(), teacher).requires_grad


def test_align_statistics_of_a_single_element_and_of_a_constant() -> None:
    single = torch.randn(1, 3, 1, 1)
    assert align_statistics(single, torch.randn(1, 3, 1, 1)) is single
    constant, teacher = torch.zeros(2, 3, 1, 1, requires_grad=True), torch.randn(2, 3, 1, 1)
    out = align_statistics(constant, teacher)
    out.sum().backward()
    assert torch.allclose(out, teacher.mean(dim=0, keepdim=True).expand(2, -1, -1, -1), atol=1e-5)
    assert constant.grad.isfinite().all()


def test_align_statistics_works_in_float32_under_autocast() -> None:
    student, teacher = (torch.randn(2, 3, 4, 5).bfloat16() * 100 for _ in range(2))
    with torch.autocast('cpu', torch.bfloat16):
        out = align_statistics(student, teacher)
    assert out.dtype == torch.float32
    assert torch.equal(out, align_statistics(student.float(), teacher.float()))


def test_different_sizes_are_refused_instead_of_interpolated() -> None:
    with pytest.raises(ValueError, match='same strides'):
        align_statistics(torch.zeros(1, 3, 4, 5), torch.zeros(1, 3, 4, 6))


def test_rows_follow_the_order_of_the_anchors() -> None:
    x = torch.randn(2, 3 * 4, 2, 5)
    expected = [x[n, a * 4:a * 4 + 4, i, j] for n in range(2) for i in range(2) for j in range(5) for a in range(3)]
    assert torch.equal(rows(x, 4), torch.stack(expected))


@pytest.mark.parametrize('kind', HEADS)
def test_teacher_that_is_unsure_everywhere_gives_finite_losses(kind: str) -> None:
    student, teacher = build_head(kind, 0), build_head(kind, 1)
    with torch.no_grad():
        getattr(teacher, NAMES[kind][0]).bias.fill_(-500)  # every weight is 0, and so is their sum Z
    targets = some_targets(teacher)
    losses = term(kind)(trace_head(student, features(), [3]), trace_head(teacher, features(), [3]), targets)
    sum(sum(values) for values in losses.values()).backward()
    assert sum(losses['loss_reg_kd']).item() == 0
    assert all(p.grad is None or p.grad.isfinite().all() for p in student.parameters())


def pair(*heads: nn.Module) -> list[SimpleNamespace]:
    return [SimpleNamespace(bbox_head=head) for head in heads]


@pytest.mark.parametrize(('kinds', 'student', 'teacher', 'kwargs', 'words'), [
    (('GFL', 'GFL'), {}, {}, dict(reused_teacher_head_idx=5), r'must lie in 0\.\.4'),
    (('GFL', 'GFL'), {}, {}, dict(reused_teacher_head_idx=-1), r'must lie in 0\.\.4'),
    (('GFL', 'GFL'), {}, dict(stacked_convs=2), {}, r'must lie in 0\.\.2'),
    (('GFL', 'ATSS'), {}, {}, {}, 'same kind of head'),
    (('ATSS', 'RetinaNet'), {}, {}, KD['ATSS'], 'same kind of head'),
    (('GFL', 'GFL'), {}, dict(width=64), {}, '32 channels in the student and 64 in the teacher'),
    (('GFL', 'GFL'), {}, dict(width=64), dict(reused_teacher_head_idx=0), 'reused_teacher_head_idx > 0'),
    (('GFL', 'GFL'), {}, {}, KD['ATSS'], 'use DistributionKLLoss for GFLHead'),
    (('ATSS', 'ATSS'), {}, {}, {}, 'DistributionKLLoss does not fit ATSSHead'),
])
def test_heads_that_cannot_be_joined(kinds: tuple, student: dict, teacher: dict, kwargs: dict, words: str) -> None:
    heads = [build_head(kind, **more) for kind, more in zip(kinds, (student, teacher), strict=True)]
    with pytest.raises(UserError, match=words):
        MODELS.build({**dict(type='CrossHeadKD'), **kwargs}).check(*pair(*heads))


@pytest.mark.parametrize('kind', HEADS)
@pytest.mark.parametrize('t', [0, 4])
def test_heads_that_can_be_joined(kind: str, t: int) -> None:
    term(kind, reused_teacher_head_idx=t).check(*pair(build_head(kind), build_head(kind)))


def test_widths_may_differ_below_the_neck_when_only_the_neck_is_held() -> None:
    student = build_head(width=32, feat_channels=16)
    term(reused_teacher_head_idx=0).check(*pair(student, build_head(width=32)))


@pytest.mark.parametrize(('kwargs', 'count'), [({}, 2), (dict(align_channels=None), 0),
                                              (dict(reused_teacher_head_idx=0), 0)])
def test_adapters_are_built_for_different_widths_only(kwargs: dict, count: int) -> None:
    kd = term(**kwargs)
    kd.build_adapters(32, 32)
    assert not list(kd.parameters())
    kd.build_adapters(16, 32)
    assert [tuple(p.shape) for p in kd.parameters()] == [(32, 16, 1, 1), (32, )] * count


def test_adapter_stands_between_student_and_alignment() -> None:
    student, teacher = build_head(seed=0, width=16), build_head(seed=1)
    kd = term(align_statistics=False)
    kd.build_adapters(16, 32)
    traces = trace_head(student, features(width=16), [3]), trace_head(teacher, features(), [3])
    cls = kd.cross_head_outputs(*traces)[0][0]
    x = F.relu(kd.adapters[0](traces[0].held[3][0][0]))
    assert torch.allclose(cls, teacher.gfl_cls(teacher.cls_convs[3](x)), atol=1e-5)
