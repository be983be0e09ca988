"""Textile model: which network sees which image, what is trained when, what comes out."""
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from torch import Tensor, distributed
from torch.nn import functional as F

from anomaly_rd.models import DenoisingDistillation
from mminspect.core.errors import UserError
from mminspect.models.anomaly_data_sample import AnomalyDataSample

PARTS = dict(
    teacher=dict(type='ResNetTeacher', depth=18),
    student=dict(type='DenoisingStudent', width=8),
    head=dict(type='RefinementHead', channels=16),
    loss=dict(type='CosineDistillationLoss', mode='local'),
    segmentation_loss=dict(type='FocalL1Loss'),
    map_head=dict(type='CosineMapHead', fusion='prod', sigma=0.0))
OPTIM = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=0.4, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'head.residual': dict(lr_mult=0.25), 'head': dict(lr_mult=0.025)}))


def build(**changes) -> DenoisingDistillation:
    cfg = dict(PARTS, data_preprocessor=dict(type='anomaly_rd.AnomalyDataPreprocessor'))
    return DenoisingDistillation(**{**cfg, **changes})


def batch(n: int = 2) -> dict:
    masks = torch.zeros(n, 64, 64, dtype=torch.uint8)
    masks[:, 10:30, 20:50] = 1
    clean = torch.randint(0, 256, (n, 3, 64, 64), dtype=torch.uint8)
    corrupt = torch.where(masks[:, None] == 1, 255 - clean, clean)
    samples = [AnomalyDataSample(synthetic_mask=mask) for mask in masks]
    return dict(inputs=list(clean), inputs_corrupt=list(corrupt), data_samples=samples)


def prepared(model: DenoisingDistillation, n: int = 2) -> dict:
    return model.data_preprocessor(batch(n), True)


class Recorder:
    """What a network is given."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.inputs: list[Tensor] = []
        network.register_forward_pre_hook(lambda _, args: self.inputs.append(args[0]))


def state(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(module: torch.nn.Module, before: dict[str, Tensor]) -> set[str]:
    return {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize('reads_teacher', [False, True])
def test_teacher_sees_the_clean_image_and_student_the_corrupted_one(reads_teacher):
    model = build(**(dict(teacher=dict(type='ResNetTeacher', features=4), student=dict(type='DecoderOnlyStudent'))
                     if reads_teacher else {}))
    teacher, student = Recorder(model.teacher), Recorder(model.student)
    data = prepared(model)
    model(**data, mode='loss')
    assert torch.equal(teacher.inputs[0], data['inputs'])
    assert [torch.equal(x, data['inputs_corrupt']) for x in teacher.inputs[1:]] == [True] * reads_teacher
    assert [torch.equal(x, data['inputs_corrupt']) for x in student.inputs] == [True]


def test_head_is_trained_on_the_corrupted_image_only():
    model = build()
    model.set_phase('head')
    teacher, student = Recorder(model.teacher), Recorder(model.student)
    data = prepared(model)
    losses = model(**data, mode='loss')
    assert all(torch.equal(x, data['inputs_corrupt']) for x in teacher.inputs + student.inputs)
    assert len(teacher.inputs) == len(student.inputs) == 1
    assert set(losses) == {'loss_focal', 'loss_l1'}


@pytest.mark.parametrize('reduction', ['sum', 'mean'])
def test_student_loss_is_summed_over_the_batch(reduction):
    model = build(reduction=reduction).eval()
    data = prepared(model, 3)
    loss = model(**data, mode='loss')['loss_distill']
    expected = 0.0
    with torch.no_grad():
        for t, s in zip(model.teacher(data['inputs']), model.student(data['inputs_corrupt']), strict=True):
            maps = 1 - (F.normalize(t, eps=1e-12) * F.normalize(s, eps=1e-12)).sum(1)
            expected += float((maps.sum(0) if reduction == 'sum' else maps.mean(0)).mean())
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_head_loss_is_that_of_the_synthetic_masks():
    model = build().eval()
    model.set_phase('head')
    data = prepared(model)
    losses = model(**data, mode='loss')
    logits = model(data['inputs_corrupt'])[2]
    masks = torch.stack([sample.synthetic_mask for sample in data['data_samples']]).float()
    target = (F.avg_pool2d(masks[:, None, 1:-1, 1:-1], 2, 4) >= 0.5).float()  # the two pixels around each centre
    assert float(losses['loss_l1']) == pytest.approx(float((logits.sigmoid() - target).abs().mean()), rel=1e-5)


def test_optimiser_holds_three_rates_and_no_teacher():
    model = build()
    optimizer = build_optim_wrapper(model, OPTIM).optimizer
    rates = {id(p): group['lr'] for group in optimizer.param_groups for p in group['params']}
    assert rates.keys() == {id(p) for p in model.parameters()}
    assert not rates.keys() & {id(p) for p in model.teacher.parameters()}
    for name, parameter in model.named_parameters():
        rate = 0.4 if name.startswith('student.') else 0.1 if name.startswith('head.residual.') else 0.01
        assert rates[id(parameter)] == pytest.approx(rate), name


def test_only_the_active_part_moves():
    model = build()
    wrapper = build_optim_wrapper(model, OPTIM)
    model.train()
    teacher = state(model.teacher)
    for phase, other in (('student', 'head'), ('head', 'student'), ('student', 'head')):
        model.set_phase(phase)
        still, moving = state(getattr(model, other)), state(getattr(model, phase))
        for _ in range(2):
            model.train()  # as runners do
            model.train_step(batch(), wrapper)
        assert not changed(getattr(model, other), still)  # neither weights nor BatchNorm statistics
        assert changed(getattr(model, phase), moving) == set(moving)
    assert not changed(model.teacher, teacher)


def test_set_phase_sets_modes_and_gradients():
    model = build().train()
    model.set_phase('head')
    assert model.head.training and not model.student.training and not model.teacher.training
    assert all(p.requires_grad for p in model.head.parameters())
    assert not any(p.requires_grad for p in model.student.parameters())
    model.eval()
    model.set_phase('student')
    assert not model.student.training and not model.head.training


def test_gradients_of_an_unfinished_accumulation_do_not_survive_the_switch():
    model = build().train()
    model.set_phase('student')
    model(**prepared(model), mode='loss')['loss_distill'].backward()
    model.set_phase('head')
    assert all(p.grad is None for p in model.student.parameters())


def predict(model: DenoisingDistillation, inputs: Tensor) -> list[AnomalyDataSample]:
    with torch.no_grad():
        return model(inputs, [AnomalyDataSample() for _ in inputs], mode='predict')


@pytest.mark.parametrize('kind', ['segmentation', 'distill', 'fused'])
def test_predict(kind):
    model = build(map=kind).eval()
    inputs = torch.randn(2, 3, 64, 64)
    samples = predict(model, inputs)
    with torch.no_grad():
        teacher, student, logits = model(inputs)
    distances = [1 - F.cosine_similarity(t, s) for t, s in zip(teacher, student, strict=True)]
    distill = torch.ones(2, 64, 64)
    for distance in distances:
        distill *= F.interpolate(distance[:, None], (64, 64), mode='bilinear', align_corners=True)[:, 0]
    segmentation = F.interpolate(logits.sigmoid(), (64, 64), mode='bilinear', align_corners=False)[:, 0]
    expected = dict(segmentation=segmentation, distill=distill, fused=segmentation * distill)[kind]
    for i, sample in enumerate(samples):
        assert sample.anomaly_map.dtype == torch.float32
        assert torch.allclose(sample.anomaly_map, expected[i], atol=1e-5)
        largest = expected[i].flatten().sort(descending=True).values[:100]
        assert float(sample.pred_score) == pytest.approx(float(largest.mean()), rel=1e-4)
        assert [tuple(level.shape) for level in sample.level_maps] == [(16, 16), (8, 8), (4, 4)]
        assert torch.allclose(sample.level_maps[1], distances[1][i], atol=1e-5)


def test_prediction_of_an_image_does_not_depend_on_its_batch():
    model = build(map='fused').eval()
    inputs = torch.randn(2, 3, 64, 64)
    together = predict(model, inputs)
    for i in range(2):
        alone = predict(model, inputs[i:i + 1])[0]
        assert torch.allclose(alone.anomaly_map, together[i].anomaly_map, atol=1e-5)
        assert float(alone.pred_score) == pytest.approx(float(together[i].pred_score), rel=1e-4)


def test_whole_model_has_the_published_size():
    model = build(student=dict(type='DenoisingStudent'), head=dict(type='RefinementHead'))
    trained = sum(p.numel() for p in model.parameters())
    total = trained + sum(p.numel() for p in model.teacher.parameters())
    assert trained == pytest.approx(24.7e6 + 7.7e6, rel=0.005)
    assert total == pytest.approx(35.2e6, rel=0.005)


def test_distributed_training_through_both_phases(tmp_path):
    distributed.init_process_group('gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1)
    try:
        model = build()
        wrapped = MMDistributedDataParallel(model, find_unused_parameters=True)
        wrapper = build_optim_wrapper(wrapped, OPTIM)
        for phase, other in (('student', 'head'), ('head', 'student')):
            model.set_phase(phase)
            still, moving = state(getattr(model, other)), state(getattr(model, phase))
            for _ in range(2):
                wrapped.train()
                wrapped.train_step(batch(), wrapper)
            assert not changed(getattr(model, other), still)
            assert changed(getattr(model, phase), moving)
    finally:
        distributed.destroy_process_group()


def test_mistakes():
    with pytest.raises(UserError, match=r'model\.topk is 0'):
        build(topk=0)
    model = build()
    with pytest.raises(UserError, match=r'the view inputs_corrupt.*sets img_corrupt before PackAnomalyInputs'):
        model(torch.rand(1, 3, 64, 64), [AnomalyDataSample()], mode='loss')
    with pytest.raises(UserError, match='segmentation, distill, fused'):
        build(map='both')
