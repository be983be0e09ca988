"""Quality focal loss between two sets of logits."""
from __future__ import annotations

import torch.nn.functional as F
from mmdet.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class KDQualityFocalLoss(nn.Module):
    r"""``weight · sum |sigmoid(pred) - p|^beta · BCE(pred, p)`` with ``p = sigmoid(teacher)``, per class (no softmax).

    Source: CrossKD, arXiv:2306.11369, section 3.3, after the quality focal loss of GFL, arXiv:2006.04388, eq. 2.

    Args:
        beta: Exponent of the focusing factor, at least 0.
        loss_weight: Factor of the result.
    """

    def __init__(self, beta: float = 1.0, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.beta, self.loss_weight = beta, loss_weight

    def forward(self, pred: Tensor, teacher: Tensor, weight: Tensor, avg_factor: Tensor | float) -> Tensor:
        """The loss, a scalar in float32.

        Args:
            pred: Logits, shape (A, K).
            teacher: The teacher's logits, shape (A, K); no gradient flows into them.
            weight: Weight of each location, shape (A,).
            avg_factor: Divisor, positive.
        """
        pred = pred.float()
        target = teacher.detach().float().sigmoid()
        focus = (pred.sigmoid() - target).abs().pow(self.beta)
        loss = F.binary_cross_entropy_with_logits(pred, target, reduction='none') * focus
        return self.loss_weight * (loss.sum(dim=1) * weight).sum() / avg_factor
