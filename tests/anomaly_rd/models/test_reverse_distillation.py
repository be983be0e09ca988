import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import load_state_dict
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from anomaly_rd.models import ReverseDistillation
from anomaly_rd.models.teachers import BackboneTeacher, FrozenTeacher, ResNetTeacher
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.engine import Bf16OptimWrapper
from mminspect.models.anomaly_data_sample import AnomalyDataSample
from mminspect.models.checkpoint import IN_CHECKPOINT

RFA = dict(rfa=True, norm='BCN', act='SiLU', checkpointing=True)


class TinyTeacher(FrozenTeacher):
    """A ResNet-18 in strides, with an eighth of its channels and one convolution per level."""

    channels, block, depth, wide = (8, 16, 32), 'basic', 18, False

    def __init__(self, weights: str | None) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(nn.Conv2d(i, o, s + 1, s, s // 2, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
            for i, o, s in ((3, 8, 4), (8, 16, 2), (16, 32, 2)))
        self.fill(weights)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        levels = []
        for level in self.levels:
            x = level(x)
            levels.append(x)
        return tuple(levels)


def build(fusion: str = 'MFF', tail: str = 'OCE', decoder: dict | None = None, weights: Path | None = None,
          teacher: type[FrozenTeacher] | dict = TinyTeacher, **options: Any) -> ReverseDistillation:
    init_default_scope('anomaly_rd')
    cfg = teacher if isinstance(teacher, dict) else dict(type=teacher, weights=weights and str(weights))
    return MODELS.build(dict(
        type='ReverseDistillation', teacher=cfg,
        bottleneck=dict(type='FusionBottleneck', fusion=dict(type=fusion), tail=dict(type=tail)),
        decoder=dict(type='ReverseDecoder', **(decoder or {})), loss=dict(type='CosineDistillationLoss'),
        map_head=dict(type='CosineMapHead'), data_preprocessor=dict(type='AnomalyDataPreprocessor')) | options)


def samples(n: int, folder: str = 'good') -> list[AnomalyDataSample]:
    return [AnomalyDataSample(metainfo=dict(sample_idx=i, img_path=f'{folder}/{i}.png')) for i in range(n)]


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A file of teacher weights."""
    torch.save(build().teacher.state_dict(), tmp_path / 'teacher.pth')
    return tmp_path / 'teacher.pth'


def train(model: ReverseDistillation, steps: int, size: int = 32, **wrapper: Any) -> list[float]:
    """Steps as a Runner takes them; parameter groups as with a ``paramwise_cfg``."""
    optim_wrapper = build_optim_wrapper(model, dict(
        optimizer=dict(type='Adam', lr=1e-3, betas=(0.5, 0.999), weight_decay=0),
        paramwise_cfg=dict(norm_decay_mult=1), **wrapper))
    data = dict(inputs=list(torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)), data_samples=samples(2))
    model.train()
    return [model.train_step(data, optim_wrapper)['loss_distill'].item() for _ in range(steps)]


@pytest.mark.parametrize('size', [64, 256])
def test_modes(size: int) -> None:
    model, x = build(teacher=ResNetTeacher).eval(), torch.randn(2, 3, size, size)
    with torch.no_grad():
        teacher, student = model(x)
        predicted = model(x, samples(2), mode='predict')
        loss = model(x, mode='loss')
    shapes = [(2, 64, size // 4, size // 4), (2, 128, size // 8, size // 8), (2, 256, size // 16, size // 16)]
    assert [tuple(t.shape) for t in teacher] == [tuple(s.shape) for s in student] == shapes
    assert list(loss) == ['loss_distill'] and loss['loss_distill'].shape == ()
    for i, sample in enumerate(predicted):
        assert sample.sample_idx == i and sample.anomaly_map.shape == (size, size)
        assert sample.pred_score.shape == () and sample.pred_score == sample.anomaly_map.max()
        assert [tuple(m.shape) for m in sample.level_maps] == [shape[2:] for shape in shapes]
        distance = 1 - torch.cosine_similarity(teacher[1][i], student[1][i], 0)
        assert torch.allclose(sample.level_maps[1], distance, atol=1e-5)


def test_predicts_without_samples() -> None:
    model = build().eval()
    with torch.no_grad():
        assert len(model(torch.randn(3, 3, 32, 32), mode='predict')) == 3


@pytest.mark.parametrize(('fusion', 'tail', 'decoder'), [
    ('MFF', 'Reduce', {}), ('MFF', 'OCE', {}), ('AKF', 'Reduce', {}), ('AKF', 'OCE', {}), ('MFF', 'OCE', RFA)])
def test_every_method_trains(fusion: str, tail: str, decoder: dict) -> None:
    losses = train(build(fusion, tail, decoder), 4)
    assert all(np.isfinite(losses)) and losses[-1] < losses[0]


def test_teacher_is_bit_equal_after_training_and_unknown_to_the_optimiser(weights: Path) -> None:
    model = build(weights=weights)
    before = {k: v.clone() for k, v in model.teacher.state_dict().items()}
    trained = {k: v.clone() for k, v in model.named_parameters()}
    losses = train(model, 3)
    assert not any(module.training for module in model.teacher.modules())
    assert all(torch.equal(v, before[k]) for k, v in model.teacher.state_dict().items())
    assert losses[2] < losses[0]
    assert all(not torch.equal(v, trained[k]) for k, v in model.named_parameters())
    ours = {id(p) for p in model.parameters()}
    assert not ours & {id(p) for p in model.teacher.parameters()}


def load_with_torch(model: ReverseDistillation, state: dict) -> None:
    model.load_state_dict(state, strict=True)


def load_with_mmengine(model: ReverseDistillation, state: dict) -> None:
    load_state_dict(model, state, strict=True)


@pytest.mark.parametrize('load', [load_with_torch, load_with_mmengine])
@pytest.mark.parametrize('kind', ['loaded', 'loaded and saved', 'random'])
def test_checkpoints(kind: str, load, weights: Path) -> None:
    """A loaded teacher stays out of them, a random one is in them; both give the same predictions afterwards."""
    options = dict(weights=None if kind == 'random' else weights, save_teacher=kind == 'loaded and saved')
    model, other, x = build(**options), build(**options), torch.randn(2, 3, 32, 32)
    train(model, 1)
    state = copy.deepcopy(model.state_dict())
    assert any(key.startswith('teacher.') for key in state) == (kind != 'loaded')
    load(other, state)
    with torch.no_grad():
        scores = [[s.pred_score.item() for s in m.eval()(x, mode='predict')] for m in (model, other)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_checkpoint_without_the_teacher_does_not_fit_a_random_one(weights: Path) -> None:
    state = build(weights=weights).state_dict()
    with pytest.raises(RuntimeError, match=r'teacher\.levels\.0\.0\.weight'):
        build().load_state_dict(state)


class Calls:
    """Counts the images that a teacher sees."""

    def __init__(self, model: ReverseDistillation) -> None:
        self.images = 0
        model.teacher.register_forward_hook(self)

    def __call__(self, _: Any, args: tuple[Tensor], __: Any) -> None:
        self.images += len(args[0])


def test_cache_sees_every_training_image_once() -> None:
    model, x = build(cache_features=True).train(), torch.randn(4, 3, 32, 32)
    calls = Calls(model)
    good = samples(4)
    for rows in ((0, 1), (2, 3), (3, 0), (1, 2)):
        model(x[list(rows)], [good[i] for i in rows], 'loss')
    assert calls.images == 4
    model(x, samples(4, 'another set'), 'loss')
    assert calls.images == 8
    model.eval()(x, good, 'loss')  # a held-out set has other images under the same numbers
    model(x, good, 'predict')
    assert calls.images == 16


@pytest.mark.parametrize(('dtype', 'tolerance'), [('float32', 1e-6), ('bfloat16', 3e-2)])
def test_cached_features_train_alike(dtype: str, tolerance: float, weights: Path) -> None:
    plain = build(weights=weights)
    cached = build(weights=weights, cache_features=True, cache_dtype=dtype)
    cached.load_state_dict(plain.state_dict())
    losses = []
    for model in (plain, cached):
        torch.manual_seed(1)
        losses.append(train(model, 3, 64))
    assert losses[0] == pytest.approx(losses[1], rel=tolerance)


def test_cache_that_does_not_fit(messages: list[str]) -> None:
    model, x = build(cache_features=True, cache_limit_bytes=1500).train(), torch.randn(2, 3, 32, 32)
    calls = Calls(model)
    for _ in range(3):
        model(x, samples(2), 'loss')
    assert calls.images == 6 and sum('cache_limit_bytes' in message for message in messages) == 1


def test_new_teacher_empties_the_cache() -> None:
    model, x = build(cache_features=True).train(), torch.randn(2, 3, 32, 32)
    calls = Calls(model)
    model(x, samples(2), 'loss')
    model.load_state_dict(build().state_dict())
    model(x, samples(2), 'loss')
    assert calls.images == 4


def test_bfloat16_and_channels_last() -> None:
    model = build(cache_features=True).to(memory_format=torch.channels_last)
    assert model.teacher.levels[0][0].weight.is_contiguous(memory_format=torch.channels_last)
    losses = train(model, 3, 64, type=Bf16OptimWrapper)
    assert all(np.isfinite(losses)) and losses[-1] < losses[0]
    assert all(p.dtype == torch.float32 for p in model.parameters())
    x = torch.randn(2, 3, 64, 64)
    model.eval()
    with torch.no_grad():
        exact = model(x, mode='predict')
        with torch.autocast('cpu', torch.bfloat16):
            fast = model(x, mode='predict')
    for a, b in zip(exact, fast, strict=True):
        assert b.anomaly_map.dtype == b.pred_score.dtype == b.level_maps[0].dtype == torch.float32
        assert torch.allclose(a.anomaly_map, b.anomaly_map, rtol=0.05)


class OtherStrides(TinyTeacher):
    """The same with another stride of the first level: 2, 4, 8."""

    strides = (2, 4, 8)

    def __init__(self, weights: str | None) -> None:
        super().__init__(weights)
        self.levels[0][0].stride = (2, 2)


VIT = dict(type='mmpretrain.VisionTransformer', img_size=32, patch_size=8, out_type='featmap', out_indices=(0, 1, 2),
           arch=dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=32))


class TinyViT(BackboneTeacher):
    """Three blocks of equal stride."""

    def __init__(self, weights: str | None) -> None:
        super().__init__(VIT, weights, image_size=32)


@pytest.mark.parametrize('fusion', [dict(type='MFF'), dict(type='AKF'),
                                    dict(type='AKF', align='deep_to_shallow', final='three')], ids=str)
@pytest.mark.parametrize('tail', ['OCE', 'Reduce'])
@pytest.mark.parametrize(('teacher', 'size', 'sides'), [(OtherStrides, 32, (16, 8, 4)), (TinyViT, 40, (5, 5, 5))])
def test_teachers_of_other_strides(teacher: type[FrozenTeacher], size: int, sides: tuple[int, ...], fusion: dict,
                                   tail: str) -> None:
    divisor = 8 if teacher is TinyViT else 16
    model = build(tail=tail, teacher=teacher, bottleneck=dict(type='FusionBottleneck', fusion=fusion,
                                                              tail=dict(type=tail)),
                  data_preprocessor=dict(type='AnomalyDataPreprocessor', size_divisor=divisor))
    losses = train(model, 3, size)
    assert all(np.isfinite(losses)) and losses[-1] < losses[0]
    with torch.no_grad():
        theirs, ours = model.eval()(torch.randn(2, 3, size, size))
        sample, = model(torch.randn(1, 3, size, size), mode='predict')
    assert [level.shape[2:] for level in ours] == [level.shape[2:] for level in theirs] == [(s, s) for s in sides]
    assert [level.shape[1] for level in ours] == [level.shape[1] for level in theirs]
    assert sample.anomaly_map.shape == (size, size) and sample.anomaly_map.std() > 0


def test_sizes_of_images_that_a_vision_transformer_cannot_have() -> None:
    fourteen = dict(type='BackboneTeacher', backbone=VIT | dict(patch_size=14), image_size=56)
    with pytest.raises(UserError, match=r'multiples of 14 pixels, and size_divisor of model\.data_preprocessor is 32'):
        build(teacher=fourteen)


@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
def test_teacher_in_half_precision_and_student_in_float32(dtype: str, weights: Path) -> None:
    exact = build(weights=weights)
    half = build(teacher=dict(type=TinyTeacher, weights=str(weights), dtype=dtype))
    half.load_state_dict(exact.state_dict())
    assert {p.dtype for p in half.teacher.parameters()} == {getattr(torch, dtype)}
    assert {p.dtype for p in half.parameters()} == {torch.float32}
    assert half.teacher_sha256() == exact.teacher_sha256() and list(half.limits) == ['export'] and not exact.limits
    x = torch.randn(2, 3, 32, 32)
    for theirs, ours in zip(exact.extract_feat(x), half.extract_feat(x), strict=True):
        assert ours.dtype == torch.float32 and torch.allclose(ours, theirs, rtol=0.05, atol=0.05)
    losses = train(half, 3)
    assert all(np.isfinite(losses)) and losses[-1] < losses[0]
    with torch.autocast('cpu', torch.bfloat16):
        assert half.extract_feat(x)[0].dtype == torch.bfloat16  # what the student computes in


def test_weights_that_come_with_the_checkpoint(weights: Path, messages: list[str]) -> None:
    """Their file is not read, and what is loaded next brings them."""
    saved = build(weights=weights, save_teacher=True)
    other = build(teacher=dict(type=TinyTeacher, weights=IN_CHECKPOINT))
    assert not other.teacher.is_random and not any('RANDOM' in message for message in messages)
    result = other.load_state_dict(saved.state_dict())
    assert not result.missing_keys and other.teacher_sha256() is None
    assert all(torch.equal(v, other.teacher.state_dict()[k]) for k, v in saved.teacher.state_dict().items())
    assert other.state_dict().keys() == saved.state_dict().keys()


def stripes(n: int, defective: bool = False) -> tuple[Tensor, np.ndarray]:
    """64 x 64 sine stripes of period 8 and random phase, noise 0.03; a grey disc of radius 5 on defective ones."""
    phase, y, x = torch.rand(n, 1, 1) * 2 * torch.pi, *torch.meshgrid(torch.arange(64), torch.arange(64), indexing='ij')
    image = 0.5 + 0.5 * torch.sin(2 * torch.pi * x / 8 + phase) + 0.03 * torch.randn(n, 64, 64)
    cx, cy = torch.randint(8, 56, (2, n, 1, 1))
    disc = ((x - cx) ** 2 + (y - cy) ** 2 <= 25) & defective
    image = torch.where(disc, 0.5, image)
    return ((image - 0.45) / 0.225)[:, None].repeat(1, 3, 1, 1), disc.numpy()


@pytest.mark.parametrize(('pretrained', 'steps'), [(False, 20), (True, 8)])
def test_learns_what_normal_looks_like(pretrained: bool, steps: int, request: pytest.FixtureRequest) -> None:
    """Without a defect ever seen in training, defective images and pixels score higher than good ones."""
    model = build(teacher=ResNetTeacher, weights=request.getfixturevalue('imagenet_resnet18') if pretrained else None)
    model.init_weights()
    model.map_head.blur.radius = 0
    good, (test_good, _), (test_bad, discs) = stripes(20)[0], stripes(20), stripes(20, defective=True)
    if not pretrained:
        model.teacher.calibrate([good])
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, (0.5, 0.999), fused=True)
    for _ in range(steps):
        loss = model(good[torch.randperm(20)[:8]], mode='loss')['loss_distill']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        predicted = model(torch.cat((test_good, test_bad)), mode='predict')
    maps = torch.stack([sample.anomaly_map for sample in predicted]).numpy()
    image_auroc = roc_auc_score([0] * 20 + [1] * 20, [float(sample.pred_score) for sample in predicted])
    pixel_auroc = roc_auc_score(np.concatenate((np.zeros_like(discs), discs)).ravel(), maps.ravel())
    assert image_auroc > 0.75 and pixel_auroc > 0.75
