"""Students that are the teacher's own network, from scratch."""
from __future__ import annotations

from mmengine.model import BaseModule
from torch import Tensor

from anomaly_rd.models.teachers.resnet import ARCHITECTURES, stages_of, take_stages
from anomaly_rd.registry import MODELS
from mminspect.core.options import check_option


@MODELS.register_module()
class ResNetStudent(BaseModule):
    """The first stages of a ResNet (He et al., arXiv:1512.03385) or Wide ResNet-50-2, trained from random weights.

    Args:
        arch: torchvision's name: ``'resnet18'``, ``'resnet34'``, ``'resnet50'``, ``'wide_resnet50_2'``.
        features: Number of levels, 1 to 4.

    Attributes:
        channels: Of the levels.

    Raises:
        UserError: There is no such network.
    """

    def __init__(self, arch: str = 'resnet18', features: int = 3, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d', mode='fan_out', nonlinearity='relu'))
        check_option('student.arch', arch, ARCHITECTURES)
        check_option('student.features', features, (1, 2, 3, 4))
        take_stages(self, arch, features)
        first = 64 if ARCHITECTURES[arch][0] < 50 else 256
        self.channels = tuple(first * 2**level for level in range(features))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to levels 1, 2, ...: (N, channels[k - 1], H / 2**(k + 1), W / 2**(k + 1))."""
        return stages_of(self, images, len(self.channels))
