"""The loss, and per image the score, of multiresolution knowledge distillation."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError


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
        if lambda_on not in ('val', 'dir'):
            raise UserError(f"loss.lambda_on is {lambda_on!r}, known are 'val' and 'dir': change it in the config")
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
