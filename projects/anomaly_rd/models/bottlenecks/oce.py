"""One-class embedding: the tail of the bottleneck made of residual blocks."""
from __future__ import annotations

from torch import Tensor, nn

from anomaly_rd.models.layers import residual_stage
from anomaly_rd.models.teachers.layout import TeacherLayout
from anomaly_rd.registry import MODELS


@MODELS.register_module()
class OCE(nn.Module):
    """The fourth stage of a ResNet on the fused features (arXiv:2201.10703).

    Args:
        in_channels: Channels of the fusion.
        layout: Of the teacher.
    """

    def __init__(self, in_channels: int, layout: TeacherLayout) -> None:
        super().__init__()
        self.stage = residual_stage(layout.block, layout.embedding_blocks, in_channels, layout.embedding_channels,
                                    'down', layout.wide)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, h, w) to (N, 2 * c3, h / 2, w / 2)."""
        return self.stage(x)
