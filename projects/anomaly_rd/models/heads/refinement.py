"""The refinement head: where teacher and student disagree, as a segmentation."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from anomaly_rd.models.layers import ConvNormAct, residual_stage
from anomaly_rd.registry import MODELS
from mminspect.core.options import check_option

from .pyramid import ASPP, FPN, SPP

PYRAMIDS = dict(aspp=ASPP, spp=SPP, fpn=FPN)


@MODELS.register_module()
class RefinementHead(BaseModule):
    """Residual blocks and a pyramid on the products of normalised features.

    The segmentation network of DeSTSeg (Zhang et al., arXiv:2211.11317, section 3.3): per level the element-wise
    product of the features, whose sum over channels is their cosine, all at the size of level 1.

    Args:
        in_channels: Channels of the levels.
        channels: Channels behind the residual blocks.
        pyramid: ``'aspp'`` (dilated convolutions), ``'spp'`` (pooled grids) or ``'fpn'`` (top-down sum).

    Raises:
        UserError: There is no such pyramid.
    """

    def __init__(self, in_channels: Sequence[int] = (64, 128, 256), channels: int = 256, pyramid: str = 'aspp',
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        check_option('head.pyramid', pyramid, PYRAMIDS)
        self.residual = residual_stage('basic', 2, sum(in_channels), channels, 'none')
        self.pyramid = PYRAMIDS[pyramid](channels)
        self.classifier = nn.Sequential(ConvNormAct(channels, channels, 3), nn.Conv2d(channels, 1, 1))

    def forward(self, teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Tensor:
        """Logits (N, 1, h1, w1), whose sigmoid is the probability of a defect.

        Logits, because the logarithm of a saturated sigmoid has no gradient.

        Args:
            teacher: Levels (N, C_k, h_k, w_k), the first the largest.
            student: Likewise.
        """
        size = teacher[0].shape[2:]
        products = [F.interpolate(F.normalize(t) * F.normalize(s), size, mode='bilinear', align_corners=False)
                    for t, s in zip(teacher, student, strict=True)]
        return self.classifier(self.pyramid(self.residual(torch.cat(products, dim=1)))).float()
