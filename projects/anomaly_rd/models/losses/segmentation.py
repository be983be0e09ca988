"""The loss of the refinement head."""
from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.registry import MODELS


@MODELS.register_module()
class FocalL1Loss(nn.Module):
    """Focal loss (Lin et al., arXiv:1708.02002) without class weights, plus L1; the mean over all pixels of each.

    Args:
        gamma: Exponent of ``1 - p_t``; DeSTSeg (arXiv:2211.11317) has 4.
    """

    def __init__(self, gamma: float = 4.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(self, logits: Tensor, masks: Tensor) -> dict[str, Tensor]:
        """Both terms.

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
