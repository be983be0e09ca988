"""Losses of distillation and segmentation, each a module that knows nothing of models."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.registry import MODELS
from mminspect.core.options import check_option
from mminspect.models.precision import in_float32

#: Smallest product of norms that a cosine is divided by.
EPS = 1e-8


def cosine(teacher: Tensor, student: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Cosine of the vectors that lie along ``dims`` of two maps (N, C, H, W), in float32 also under autocast."""
    with torch.autocast(teacher.device.type, enabled=False):
        teacher, student = (t.to(torch.promote_types(t.dtype, torch.float32)) for t in (teacher, student))
        norms = teacher.square().sum(dims) * student.square().sum(dims)
        return (teacher * student).sum(dims) * norms.clamp_min(EPS**2).rsqrt()


@MODELS.register_module()
class CosineDistillationLoss(nn.Module):
    """Sum over levels of the mean of 1 - cosine.

    Args:
        mode: ``'global'``: one cosine per image and level between the whole flattened maps, as in the code of reverse
            distillation (Deng and Li, arXiv:2201.10703); also the relative magnitudes of positions must agree.
            ``'local'``: one per position, as in the paper's formula; trains to lower scores.
        weight: Factor. With 2 and ``'local'`` it is the squared distance of the normalised vectors, summed over
            channels, of STFPM (arXiv:2103.04257).

    Raises:
        UserError: Unknown ``mode``.
    """

    def __init__(self, mode: Literal['global', 'local'] = 'global', weight: float = 1.0) -> None:
        super().__init__()
        check_option('loss.mode', mode, ('global', 'local'))
        self.weight = weight
        self.dims = (1, 2, 3) if mode == 'global' else (1,)

    def forward(self, teacher_feats: Sequence[Tensor], student_feats: Sequence[Tensor]) -> Tensor:
        """Loss () float32 in [0, 2 * levels * weight] of features (N, C_k, h_k, w_k); the teacher's get no gradient."""
        pairs = zip(teacher_feats, student_feats, strict=True)
        levels = ((1 - cosine(teacher.detach(), student, self.dims)).mean() for teacher, student in pairs)
        return self.weight * sum(levels)


@MODELS.register_module()
class MultiresolutionLoss(nn.Module):
    """Sums over levels of the values' mean squared error and of one minus the cosine of the whole flattened maps.

    Salehi et al., "Multiresolution Knowledge Distillation for Anomaly Detection", CVPR 2021, arXiv:2011.11108.

    Args:
        weight: lambda.
        lambda_on: The term that lambda multiplies. ``'val'``: dir + lambda * val, the published code; ``'dir'``:
            val + lambda * dir, the paper's formula.

    Raises:
        UserError: Unknown ``lambda_on``.
    """

    def __init__(self, weight: float = 0.5, lambda_on: Literal['val', 'dir'] = 'val') -> None:
        super().__init__()
        check_option('loss.lambda_on', lambda_on, ('val', 'dir'))
        self.weight_val, self.weight_dir = (weight, 1.0) if lambda_on == 'val' else (1.0, weight)

    def forward(self, teacher: Sequence[Tensor], student: Sequence[Tensor]) -> dict[str, Tensor]:
        """``loss_val`` and ``loss_dir`` of features (N, C_k, h_k, w_k), weighted: their sum is the loss."""
        val, direction = self._terms(teacher, student)
        return dict(loss_val=val.mean(), loss_dir=direction.mean())

    def per_image(self, teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Tensor:
        """The loss of every image on its own, (N,), at least float32."""
        return sum(self._terms(teacher, student))

    def _terms(self, teacher: Sequence[Tensor], student: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Both weighted terms, (N,) each."""
        val = direction = 0.0
        with torch.autocast(teacher[0].device.type, enabled=False):
            for t, s in zip(teacher, student, strict=True):
                t, s = (x.flatten(1).to(torch.promote_types(x.dtype, torch.float32)) for x in (t, s))
                val = val + (t - s).square().mean(1)
                direction = direction + 1 - F.cosine_similarity(t, s)
        return self.weight_val * val, self.weight_dir * direction


@MODELS.register_module()
class FocalL1Loss(nn.Module):
    """Focal loss (Lin et al., arXiv:1708.02002) without class weights, plus L1; the mean over all pixels of each.

    Args:
        gamma: Exponent of ``1 - p_t``; DeSTSeg (arXiv:2211.11317) has 4.
    """

    def __init__(self, gamma: float = 4.0) -> None:
        super().__init__()
        self.gamma = gamma

    @in_float32
    def forward(self, logits: Tensor, masks: Tensor) -> dict[str, Tensor]:
        """Both terms, in float32 also under autocast.

        Args:
            logits: (N, 1, h, w).
            masks: (N, H, W), 1 = defect; brought to (h, w) bilinearly and binarised at 0.5.

        Returns:
            ``loss_focal`` and ``loss_l1``, of shape ().
        """
        target = F.interpolate(masks[:, None].float(), logits.shape[2:], mode='bilinear', align_corners=False)
        target = (target >= 0.5).float()
        cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction='none')
        focal = (-cross_entropy.neg().expm1()) ** self.gamma * cross_entropy  # exp(-cross_entropy) is p_t
        return dict(loss_focal=focal.mean(), loss_l1=(logits.sigmoid() - target).abs().mean())


@MODELS.register_module()
class SSIMLoss(nn.Module):
    """One minus the mean structural similarity (Wang et al., IEEE TIP 2004) in windows of a Gaussian weight.

    Args:
        side: Of the window, pixels, odd; outside of the image zeros count.
        sigma: Of the weight.
        span: L, the largest difference that pixels may have. Implementations that guess it from the output change
            their scale in the middle of a training.
    """

    def __init__(self, side: int = 11, sigma: float = 1.5, span: float = 1.0) -> None:
        super().__init__()
        offsets = torch.arange(side, dtype=torch.float64) - side // 2
        weight = torch.exp(-offsets.square() / (2 * sigma**2))
        weight = torch.outer(weight, weight)
        self.register_buffer('window', (weight / weight.sum()).float()[None, None], persistent=False)
        self.limits = (0.01 * span)**2, (0.03 * span)**2

    @in_float32
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """() of images (N, C, H, W), in float32 also under autocast."""
        return 1 - self.map(first, second).mean()

    def map(self, first: Tensor, second: Tensor) -> Tensor:
        """Similarity of each pixel (N, C, H, W)."""
        mean_a, mean_b = self._filtered(first), self._filtered(second)
        var_a = self._filtered(first.square()) - mean_a.square()
        var_b = self._filtered(second.square()) - mean_b.square()
        both = self._filtered(first * second) - mean_a * mean_b
        c1, c2 = self.limits
        return ((2 * mean_a * mean_b + c1) * (2 * both + c2)
                / ((mean_a.square() + mean_b.square() + c1) * (var_a + var_b + c2)))

    def _filtered(self, images: Tensor) -> Tensor:
        window = self.window.expand(images.shape[1], 1, -1, -1)
        return F.conv2d(images, window, padding=window.shape[-1] // 2, groups=images.shape[1])


@MODELS.register_module()
class SoftmaxFocalLoss(nn.Module):
    """Focal loss (Lin et al., arXiv:1708.02002) of two classes by softmax, the mean over all pixels.

    Args:
        gamma: Exponent of ``1 - p_t``; DRAEM (arXiv:2108.07610) has 2.
    """

    #: The target is so far from 0 and 1.
    SMOOTH = 1e-5

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    @in_float32
    def forward(self, logits: Tensor, masks: Tensor) -> Tensor:
        """() in float32 also under autocast.

        Args:
            logits: (N, 2, H, W), of no defect and of a defect.
            masks: (N, H, W), 1 = defect.
        """
        probability = logits.softmax(1)
        target = torch.stack([1 - masks, masks], 1).to(probability.dtype).clamp(self.SMOOTH, 1 - self.SMOOTH)
        true = (target * probability).sum(1) + self.SMOOTH
        return (-(1 - true)**self.gamma * true.log()).mean()
