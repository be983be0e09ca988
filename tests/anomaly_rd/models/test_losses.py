from collections.abc import Callable

import numpy as np
import pytest
import torch
from mmengine.config import Config
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cosine
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from anomaly_helpers import CONFIGS
from anomaly_rd.models.losses import (
    CosineDistillationLoss,
    FocalL1Loss,
    MultiresolutionLoss,
    SoftmaxFocalLoss,
    SSIMLoss,
)
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


def positive_levels() -> list[torch.Tensor]:
    return [torch.rand(3, 8 * 2**k, 8 // 2**k, 8 // 2**k) for k in range(3)]


def terms_by_hand(teacher: list[torch.Tensor], student: list[torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """val and dir of every image."""
    terms = np.zeros((2, 3))
    for t, s in zip(teacher, student, strict=True):
        for i in range(3):
            a, b = t[i].double().flatten().numpy(), s[i].double().flatten().numpy()
            terms[:, i] += ((a - b)**2).mean(), cosine(a, b)
    return terms[0], terms[1]


@pytest.mark.parametrize(('lambda_on', 'weights'), [('val', (0.3, 1.0)), ('dir', (1.0, 0.3))])
def test_formula_of_the_terms(lambda_on, weights):
    teacher, student = positive_levels(), positive_levels()
    loss = MultiresolutionLoss(0.3, lambda_on)
    val, direction = terms_by_hand(teacher, student)
    losses = loss(teacher, student)
    assert losses['loss_val'].item() == pytest.approx(weights[0] * val.mean(), rel=1e-5)
    assert losses['loss_dir'].item() == pytest.approx(weights[1] * direction.mean(), rel=1e-5)
    expected = weights[0] * val + weights[1] * direction
    assert loss.per_image(teacher, student).numpy() == pytest.approx(expected, rel=1e-5)


def test_lambda_of_one_half_changes_the_balance_fourfold():
    teacher, student = positive_levels(), positive_levels()
    on_val, on_dir = (MultiresolutionLoss(lambda_on=name)(teacher, student) for name in ('val', 'dir'))
    ratios = [float(losses['loss_val'] / losses['loss_dir']) for losses in (on_val, on_dir)]
    assert ratios[1] / ratios[0] == pytest.approx(4, rel=1e-5)


def test_equal_features_cost_nothing_and_half_precision_is_lifted():
    features = positive_levels()
    assert MultiresolutionLoss().per_image(features, features).abs().max() < 1e-6
    halves = [f.bfloat16() for f in features]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert MultiresolutionLoss()(halves, features)['loss_val'].dtype == torch.float32


def test_unknown_term():
    with pytest.raises(UserError, match='lambda_on'):
        MultiresolutionLoss(lambda_on='both')


def focal_and_l1_by_hand(p: torch.Tensor, target: torch.Tensor, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
    focal = -target * (1 - p)**gamma * p.log() - (1 - target) * p**gamma * (1 - p).log()
    return focal.mean(), (p - target).abs().mean()


@pytest.mark.parametrize('gamma', [0.0, 2.0, 4.0])
def test_formula_of_the_segmentation(gamma):
    logits, masks = torch.randn(3, 1, 8, 8) * 3, torch.randint(0, 2, (3, 8, 8), dtype=torch.uint8)
    losses = FocalL1Loss(gamma)(logits, masks)
    focal, l1 = focal_and_l1_by_hand(logits.sigmoid().double(), masks[:, None].double(), gamma)
    assert losses['loss_focal'] == pytest.approx(float(focal), rel=1e-5)
    assert losses['loss_l1'] == pytest.approx(float(l1), rel=1e-5)
    theirs = sigmoid_focal_loss(logits, masks[:, None].float(), alpha=-1, gamma=gamma, reduction='mean')
    assert losses['loss_focal'] == pytest.approx(float(theirs), rel=1e-4)


def test_default_gamma_is_four():
    logits, masks = torch.zeros(1, 1, 2, 2), torch.ones(1, 2, 2)
    assert FocalL1Loss()(logits, masks)['loss_focal'] == pytest.approx(0.5**4 * 0.6931472, rel=1e-5)


def test_masks_are_reduced_bilinearly_and_binarised():
    masks = torch.zeros(1, 8, 8, dtype=torch.uint8)
    masks[0, :4, :4] = 1
    masks[0, 4, 0] = 1  # two of the four pixels that are averaged for position (2, 0): just enough
    masks[0, 5, 1] = 1
    masks[0, 7, 7] = 1  # one of four: not enough
    target = torch.zeros(1, 1, 4, 4)
    target[0, 0, :2, :2] = target[0, 0, 2, 0] = 1
    logits = 40 * (target - 0.5)
    assert FocalL1Loss()(logits, masks)['loss_l1'] < 1e-6
    assert F.interpolate(masks[:, None].float(), (4, 4), mode='bilinear')[0, 0, 2, 0] == 0.5


def test_hopelessly_wrong_logits_still_have_gradients():
    logits = torch.tensor([[[[60.0, -60.0]]]], requires_grad=True)
    losses = FocalL1Loss()(logits, torch.tensor([[[0, 1]]]))
    losses['loss_focal'].backward()
    assert torch.isfinite(losses['loss_focal']) and logits.grad.abs().min() > 0.1


def segmentation(logits: list[torch.Tensor], seen: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """The loss of logits; the other features give the defects."""
    return FocalL1Loss()(logits[0][:, :1], seen[0][:, 0] > 0.5)


LOSSES = dict(
    CosineDistillationLoss=[lambda a, b, mode=mode: dict(loss=CosineDistillationLoss(mode)(b, a))
                            for mode in ('global', 'local')],
    MultiresolutionLoss=[lambda a, b, on=on: MultiresolutionLoss(0.3, on)(b, a) for on in ('val', 'dir')],
    FocalL1Loss=[segmentation])


@pytest.mark.parametrize('autocast', [torch.bfloat16, torch.float16])
@pytest.mark.parametrize('loss', [loss for losses in LOSSES.values() for loss in losses])
def test_values_and_gradients_under_autocast_are_those_of_float32(loss: Callable[..., dict],
                                                                  autocast: torch.dtype) -> None:
    other, half = levels(), [t.to(autocast).requires_grad_() for t in levels()]
    full = [t.detach().float().requires_grad_() for t in half]
    with torch.autocast('cpu', autocast):
        found = loss(half, [t.to(autocast) for t in other])
    expected = loss(full, [t.to(autocast).float() for t in other])
    for losses in (found, expected):
        sum(losses.values()).backward()
    for name, value in expected.items():
        assert found[name].dtype == torch.float32 and found[name].item() == pytest.approx(value.item(), rel=1e-3)
    for a, b in zip(half, full, strict=True):
        assert (a.grad is None) == (b.grad is None)
        if b.grad is not None:
            torch.testing.assert_close(a.grad, b.grad.to(autocast), rtol=1e-3, atol=1e-5 * b.grad.abs().max().item())


def test_losses_of_all_configs_are_compared_with_float32() -> None:
    used = {model[name].type for model in (Config.fromfile(path).model for path in CONFIGS)
            for name in ('loss', 'segmentation_loss') if name in model}
    assert used == set(LOSSES)


def test_ssim_equals_skimage_or_the_formula() -> None:
    """Gaussian windows by scipy, away from the border, where zeros count here."""
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 32, 40))

    def mean(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, 1.5, truncate=5 / 1.5)

    a, b = mean(first), mean(second)
    var_a, var_b, both = mean(first**2) - a**2, mean(second**2) - b**2, mean(first * second) - a * b
    expected = ((2 * a * b + 1e-4) * (2 * both + 9e-4) / ((a**2 + b**2 + 1e-4) * (var_a + var_b + 9e-4)))
    images = [torch.tensor(image, dtype=torch.float32)[None, None] for image in (first, second)]
    found = SSIMLoss().map(*images)[0, 0].numpy()
    assert np.allclose(found[6:-6, 6:-6], expected[6:-6, 6:-6], atol=1e-4)
    assert SSIMLoss()(images[0], images[0]).item() == pytest.approx(0, abs=1e-6)


def test_softmax_focal_by_hand() -> None:
    logits, masks = torch.randn(2, 2, 3, 4), torch.randint(0, 2, (2, 3, 4))
    probability = logits.softmax(1).gather(1, masks[:, None])[:, 0]
    expected = (-(1 - probability)**2 * probability.log()).mean()
    assert torch.allclose(SoftmaxFocalLoss()(logits, masks), expected, atol=1e-4)
