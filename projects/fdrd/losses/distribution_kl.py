"""Kullback-Leibler divergence between the discretised box sides of two GFL heads."""
from __future__ import annotations

import torch.nn.functional as F
from mmdet.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class DistributionKLLoss(nn.Module):
    r"""``weight · sum_i w_i · T² · KL(softmax(teacher_i / T) || softmax(pred_i / T)) / avg_factor``.

    mmdet's ``KnowledgeDistillationKLDivLoss`` averages over the bins, which is what LD uses (class_reduction='mean');
    CrossKD sums over them (class_reduction='sum', 17 times as large for reg_max=16).

    Sources: LD, Zheng et al., CVPR 2022, arXiv:2102.12252, eq. 3; CrossKD, arXiv:2306.11369, section 3.3.

    Args:
        T: Temperature, positive.
        class_reduction: 'sum' or 'mean' over the bins.
        loss_weight: Factor of the result.

    Raises:
        ValueError: Unknown ``class_reduction`` or T not positive.
    """

    def __init__(self, T: float = 1.0, class_reduction: str = 'sum', loss_weight: float = 1.0) -> None:
        super().__init__()
        if class_reduction not in ('sum', 'mean') or T <= 0:
            raise ValueError(f"class_reduction must be 'sum' or 'mean' and T positive, got {class_reduction!r}, {T}")
        self.T, self.class_reduction, self.loss_weight = T, class_reduction, loss_weight

    def forward(self, pred: Tensor, teacher: Tensor, weight: Tensor, avg_factor: Tensor | float) -> Tensor:
        """The loss, a scalar in float32.

        Args:
            pred: Logits over the bins, shape (A, B).
            teacher: The teacher's logits, shape (A, B); no gradient flows into them.
            weight: Weight of each row, shape (A,).
            avg_factor: Divisor, positive.
        """
        target = F.softmax(teacher.detach().float() / self.T, dim=1)
        log_pred = F.log_softmax(pred.float() / self.T, dim=1)
        divergence = F.kl_div(log_pred, target, reduction='none')
        per_row = divergence.sum(dim=1) if self.class_reduction == 'sum' else divergence.mean(dim=1)
        return self.loss_weight * self.T**2 * (per_row * weight).sum() / avg_factor
