import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine

from anomaly_rd.models.losses import MultiresolutionLoss
from mminspect.core.errors import UserError


def levels() -> list[torch.Tensor]:
    return [torch.rand(3, 8 * 2**k, 8 // 2**k, 8 // 2**k) for k in range(3)]


def by_hand(teacher: list[torch.Tensor], student: list[torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """val and dir of every image."""
    terms = np.zeros((2, 3))
    for t, s in zip(teacher, student, strict=True):
        for i in range(3):
            a, b = t[i].double().flatten().numpy(), s[i].double().flatten().numpy()
            terms[:, i] += ((a - b)**2).mean(), cosine(a, b)
    return terms[0], terms[1]


@pytest.mark.parametrize(('lambda_on', 'weights'), [('val', (0.3, 1.0)), ('dir', (1.0, 0.3))])
def test_formula(lambda_on, weights):
    teacher, student = levels(), levels()
    loss = MultiresolutionLoss(0.3, lambda_on)
    val, direction = by_hand(teacher, student)
    losses = loss(teacher, student)
    assert losses['loss_val'].item() == pytest.approx(weights[0] * val.mean(), rel=1e-5)
    assert losses['loss_dir'].item() == pytest.approx(weights[1] * direction.mean(), rel=1e-5)
    expected = weights[0] * val + weights[1] * direction
    assert loss.per_image(teacher, student).numpy() == pytest.approx(expected, rel=1e-5)


def test_lambda_of_one_half_changes_the_balance_fourfold():
    teacher, student = levels(), levels()
    on_val, on_dir = (MultiresolutionLoss(lambda_on=name)(teacher, student) for name in ('val', 'dir'))
    ratios = [float(losses['loss_val'] / losses['loss_dir']) for losses in (on_val, on_dir)]
    assert ratios[1] / ratios[0] == pytest.approx(4, rel=1e-5)


def test_equal_features_cost_nothing_and_half_precision_is_lifted():
    features = levels()
    assert MultiresolutionLoss().per_image(features, features).abs().max() < 1e-6
    halves = [f.bfloat16() for f in features]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert MultiresolutionLoss()(halves, features)['loss_val'].dtype == torch.float32


def test_unknown_term():
    with pytest.raises(UserError, match='lambda_on'):
        MultiresolutionLoss(lambda_on='both')
