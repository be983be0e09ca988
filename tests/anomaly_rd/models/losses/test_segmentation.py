import pytest
import torch
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from anomaly_rd.models.losses import FocalL1Loss


def by_hand(p: torch.Tensor, target: torch.Tensor, gamma: float) -> tuple[torch.Tensor, torch.Tensor]:
    focal = -target * (1 - p)**gamma * p.log() - (1 - target) * p**gamma * (1 - p).log()
    return focal.mean(), (p - target).abs().mean()


@pytest.mark.parametrize('gamma', [0.0, 2.0, 4.0])
def test_formula(gamma):
    logits, masks = torch.randn(3, 1, 8, 8) * 3, torch.randint(0, 2, (3, 8, 8), dtype=torch.uint8)
    losses = FocalL1Loss(gamma)(logits, masks)
    focal, l1 = by_hand(logits.sigmoid().double(), masks[:, None].double(), gamma)
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
