import pytest
import torch
from torch.nn import functional as F

from anomaly_rd.models.heads import RefinementHead
from mminspect.core.errors import UserError

CHANNELS = (4, 6, 8)


def levels() -> list[torch.Tensor]:
    return [torch.randn(2, c, 16 // 2**k, 16 // 2**k) for k, c in enumerate(CHANNELS)]


@pytest.mark.parametrize('pyramid', ['aspp', 'spp', 'fpn'])
def test_logits_at_the_size_of_level_1(pyramid):
    logits = RefinementHead(CHANNELS, 16, pyramid)(levels(), levels())
    assert logits.shape == (2, 1, 16, 16) and logits.dtype == torch.float32
    assert logits.min() < 0  # not probabilities


def test_input_of_the_residual_blocks():
    head, teacher, student = RefinementHead(CHANNELS, 16).eval(), levels(), levels()
    seen = []
    head.residual.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    head(teacher, student)
    parts = []
    for t, s in zip(teacher, student, strict=True):
        product = t / t.square().sum(1, True).sqrt() * s / s.square().sum(1, True).sqrt()
        parts.append(F.interpolate(product, (16, 16), mode='bilinear', align_corners=False))
    assert torch.allclose(seen[0], torch.cat(parts, 1), atol=1e-6)


def test_scale_of_features_does_not_matter():
    head, teacher, student = RefinementHead(CHANNELS, 16).eval(), levels(), levels()
    scaled = head([3 * t for t in teacher], [0.2 * s for s in student])
    assert torch.allclose(head(teacher, student), scaled, atol=1e-5)


def test_default_size():
    """448 -> 256 in two basic blocks, ASPP, 3 x 3, 1 x 1: 7.7 M parameters."""
    count = sum(p.numel() for p in RefinementHead().parameters())
    blocks = 9 * 448 * 256 + 3 * 9 * 256 * 256 + 448 * 256 + 5 * 512
    aspp = 256 * 257 + 3 * (9 * 256**2 + 512) + 9 * 4 * 256**2 + 512
    assert count == blocks + aspp + 9 * 256**2 + 512 + 257
    assert count == pytest.approx(7.7e6, rel=0.005)


def test_unknown_pyramid():
    with pytest.raises(UserError, match='aspp, spp, fpn'):
        RefinementHead(pyramid='psp')
