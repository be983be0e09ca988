"""The plain tail of the bottleneck."""
from __future__ import annotations

from torch import Tensor, nn

from anomaly_rd.models.layers import ConvNormAct
from anomaly_rd.models.teachers.layout import TeacherLayout
from anomaly_rd.registry import MODELS


@MODELS.register_module()
class Reduce(nn.Module):
    """One strided 3 x 3 convolution in place of OCE, behind a 1 x 1 one where the fusion is wider than level 3.

    The decoder needs the embedding's size and width also where an ablation leaves OCE out.

    Args:
        in_channels: Channels of the fusion.
        layout: Of the teacher.
    """

    def __init__(self, in_channels: int, layout: TeacherLayout) -> None:
        super().__init__()
        c3 = layout.channels[2]
        adapt = [ConvNormAct(in_channels, c3, 1)] if in_channels != c3 else []
        self.convs = nn.Sequential(*adapt, ConvNormAct(c3, layout.embedding_channels, 3, 2))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, h, w) to (N, 2 * c3, h / 2, w / 2)."""
        return self.convs(x)
