"""Pearson-correlation distillation of feature maps."""
from __future__ import annotations

from mmdet.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class PKDLoss(nn.Module):
    r"""Half the mean squared difference of the standardised maps, which is ``1 - r`` averaged over the channels.

    Source: PKD, Cao et al., NeurIPS 2022, arXiv:2207.02039, eq. 4-6.

    Args:
        loss_weight: Factor of the result; 10 for one-stage detectors, 6 for two-stage ones and with CrossKD.
        eps: Added to the standard deviation.
    """

    def __init__(self, loss_weight: float = 10.0, eps: float = 1e-6) -> None:
        super().__init__()
        self.loss_weight, self.eps = loss_weight, eps

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """The loss of one level, a scalar in float32; 0 where a channel is a single element and has no correlation.

        Args:
            student: Features, shape (N, C, H, W).
            teacher: Features of the same shape; no gradient flows into them.
        """
        if student.shape[0] * student.shape[2] * student.shape[3] == 1:
            return student.float().sum() * 0
        difference = self._standardise(student.float()) - self._standardise(teacher.detach().float())
        return self.loss_weight * 0.5 * difference.square().mean()

    def _standardise(self, x: Tensor) -> Tensor:
        """Zero mean and unit variance per channel over (N, H, W)."""
        mean = x.mean(dim=(0, 2, 3), keepdim=True)
        std = x.std(dim=(0, 2, 3), keepdim=True)
        return (x - mean) / (std + self.eps)
