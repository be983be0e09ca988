"""MKD: scores of single images, gradients in spite of no_grad, and the four placements of the attention."""
import copy

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn
from torch.nn import functional as F

from anomaly_rd.models import MultiresolutionDistillation
from anomaly_rd.models.students import cloner
from anomaly_rd.models.teachers import vgg
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample

PLACEMENTS = ['student', 'source_frozen', 'both_shared', 'source']
LOCALIZATIONS = [dict(type='Gradients'), dict(type='SmoothGrad', samples=3), dict(type='GuidedBackprop')]


@pytest.fixture(autouse=True)
def narrow(monkeypatch) -> None:
    """An eighth of the channels."""
    monkeypatch.setattr(vgg, 'LAYERS', [layer if layer == 'M' else layer // 8 for layer in vgg.LAYERS])
    monkeypatch.setitem(cloner.WIDTHS, 'small', ((4, 4), (4, 16), (4, 4, 32), (4, 4, 64), (4, 4, 64)))


def build(where: str | None = None, **changes) -> MultiresolutionDistillation:
    cfg = dict(
        teacher=dict(type='VGGTeacher'), student=dict(type='Cloner'), loss=dict(type='MultiresolutionLoss'),
        localization=dict(type='Gradients'), data_preprocessor=dict(
            type='anomaly_rd.AnomalyDataPreprocessor', mean=(0, 0, 0), std=(255, 255, 255)))
    if where:
        cfg.update(attention=dict(type='ResidualAttention'), where=where)
    return MultiresolutionDistillation(**{**cfg, **changes})


def batch() -> dict:
    return dict(inputs=[torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8) for _ in range(2)],
                data_samples=[AnomalyDataSample() for _ in range(2)])


def predict(model: nn.Module, images: torch.Tensor) -> list[AnomalyDataSample]:
    return model(images, [AnomalyDataSample() for _ in images], mode='predict')


def hooks(model: nn.Module) -> int:
    return sum(len(m._backward_hooks) + len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_score_and_levels_by_hand():
    model, images = build().eval(), torch.rand(2, 3, 64, 64)
    samples = predict(model, images)
    with torch.no_grad():
        source, clone = model.teacher(images), model.student(images)
    for i, sample in enumerate(samples):
        expected = 0.0
        for s, c in zip(source[1:], clone[1:], strict=True):  # pool3, pool4, pool5
            cos = (s[i] * c[i]).sum() / (s[i].norm() * c[i].norm())
            expected += 1 - cos + 0.5 * (s[i] - c[i]).square().mean()
        assert sample.pred_score.item() == pytest.approx(expected.item(), rel=1e-4)
        assert [tuple(level.shape) for level in sample.level_maps] == [(8, 8), (4, 4), (2, 2)]
        difference = (source[1][i] - clone[1][i]).square().mean(0)
        assert torch.allclose(sample.level_maps[0], difference, rtol=1e-4, atol=1e-6)


def test_training_uses_pool2_too():
    model, images = build().eval(), torch.rand(2, 3, 64, 64)
    losses = model(images, mode='loss')
    source, clone = model(images)
    expected = sum(1 - F.cosine_similarity(s.flatten(1), c.flatten(1)) for s, c in zip(source, clone, strict=True))
    assert len(source) == 4
    assert losses['loss_dir'].item() == pytest.approx(expected.mean().item(), rel=1e-4)


@pytest.mark.parametrize('localization', LOCALIZATIONS, ids=lambda cfg: cfg['type'])
def test_batch_of_two_equals_two_batches_of_one(localization):
    # In double precision: rounding, which depends on the batch, opens and closes ReLUs, and the gradient jumps.
    model, images = build('student', localization=localization).double().eval(), torch.rand(2, 3, 64, 64).double()
    together = predict(model, images)
    assert together[0].pred_score != together[1].pred_score
    for i in range(2):
        alone = predict(model, images[i:i + 1])[0]
        assert alone.pred_score.item() == pytest.approx(together[i].pred_score.item(), rel=1e-6)
        assert torch.allclose(alone.anomaly_map, together[i].anomaly_map, rtol=1e-5, atol=0)


@pytest.mark.parametrize('context', [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize('localization', LOCALIZATIONS, ids=lambda cfg: cfg['type'])
def test_gradients_in_every_context(context, localization):
    model = build(localization=localization).eval()
    images = torch.rand(1, 3, 64, 64)
    expected = predict(model, images)[0].anomaly_map
    with context():
        sample = predict(model, images.clone())[0]
    assert sample.anomaly_map.shape == (64, 64) and sample.anomaly_map.dtype == torch.float32
    assert sample.anomaly_map.max() > 0 and not sample.anomaly_map.requires_grad
    assert not sample.pred_score.requires_grad
    assert torch.allclose(sample.anomaly_map, expected, rtol=1e-4)
    assert hooks(model) == 0 and all(p.grad is None for p in model.parameters())


def test_half_precision_around_it_changes_nothing():
    model, images = build().eval(), torch.rand(1, 3, 64, 64)
    plain = predict(model, images)[0]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert torch.equal(predict(model, images)[0].anomaly_map, plain.anomaly_map)


def test_gradient_is_that_of_the_score():
    """Along a direction in the image the score changes by what the gradient says."""
    model = build('student').double().eval()
    image = torch.rand(1, 3, 64, 64, dtype=torch.float64)
    gradient = model.localization.saliency(model.score, image, model.student)
    step = 1e-6 * torch.randn_like(image)
    with torch.no_grad():
        change = model.score(image + step) - model.score(image - step)
    assert change.item() == pytest.approx(2 * (gradient * step).sum().item(), rel=1e-3)


@pytest.mark.parametrize('where', PLACEMENTS)
@pytest.mark.parametrize('positions', [('conv2_2', 'conv3_3'), ('pool2', 'pool3'), ('conv2_2', 'conv5_3')])
def test_placements_run(where, positions):
    model = build(where, positions=positions).eval()
    sample = predict(model, torch.rand(1, 3, 64, 64))[0]
    assert torch.isfinite(sample.anomaly_map).all() and sample.anomaly_map.max() > 0
    assert set(model.attention) == set(positions)


@pytest.mark.parametrize('where', PLACEMENTS)
def test_attention_is_in_the_right_networks(where):
    """Removing it changes the features of those networks and of no other."""
    model, images = build(where).eval(), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        source, clone = model(images)
        plain_source, plain_clone = model.teacher(images), model.student(images)
    assert torch.equal(source[0], plain_source[0]) == (where == 'student')
    assert torch.equal(clone[0], plain_clone[0]) == (where in ('source_frozen', 'source'))


@pytest.mark.parametrize('where', PLACEMENTS)
def test_what_a_step_of_training_moves(where):
    model = build(where).train()
    teacher, attention = copy.deepcopy(model.teacher.state_dict()), copy.deepcopy(model.attention.state_dict())
    student = copy.deepcopy(model.student.state_dict())
    wrapper = build_optim_wrapper(model, dict(optimizer=dict(type='Adam', lr=1e-3)))
    held = {id(p) for group in wrapper.optimizer.param_groups for p in group['params']}
    assert not held & {id(p) for p in model.teacher.parameters()}
    losses = model.train_step(batch(), wrapper)
    assert set(losses) == {'loss', 'loss_val', 'loss_dir'}
    assert all(torch.equal(v, teacher[k]) for k, v in model.teacher.state_dict().items())
    moved = [k for k, v in model.attention.state_dict().items() if not torch.equal(v, attention[k])]
    assert bool(moved) == (where != 'source_frozen')
    assert not all(torch.equal(v, student[k]) for k, v in model.student.state_dict().items())


def test_attention_makes_the_baseline_when_it_is_left_out():
    model = build()
    assert len(model.attention) == 0 and model.collapse_watch is None
    names = {name.split('.')[0] for name, _ in model.named_parameters()}
    assert names == {'student'}


@pytest.mark.parametrize('where', ['source', 'both_shared'])
def test_collapse_of_a_trainable_target_is_announced(where, messages):
    model = build(where).train()
    with torch.no_grad():
        model(torch.rand(2, 3, 64, 64), mode='loss')
        for module in model.attention['conv2_2'].out.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.zeros_(module.weight)
        model.attention['conv2_2'].offset = -0.5
        for conv in model.attention['conv2_2'].gate:
            if isinstance(conv, nn.Conv2d):
                nn.init.zeros_(conv.weight)  # the mask is 0.5, so that nothing is left of the trunk
        assert not any('COLLAPSED' in message for message in messages)
        model(torch.rand(2, 3, 64, 64), mode='loss')
    assert sum('COLLAPSED' in message for message in messages) == 1


def test_no_warning_for_frozen_targets(messages):
    model = build('student').train()
    for images in (torch.rand(2, 3, 64, 64), torch.zeros(2, 3, 64, 64)):
        model(images, mode='loss')
    assert not any('COLLAPSED' in message for message in messages)


@pytest.mark.parametrize(('where', 'positions', 'message'), [
    ('teacher', ('conv2_2',), 'source_frozen'), ('student', ('conv7_3',), 'conv7_3'),
    ('both_shared', ('conv2_1',), 'last convolution')])
def test_mistakes(where, positions, message):
    with pytest.raises(UserError, match=message):
        build(where, positions=positions)
