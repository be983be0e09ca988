"""ResNet teachers: torchvision's networks without their last stages."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models import get_model

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option

from .frozen import FrozenTeacher

#: torchvision's names: depth and width.
ARCHITECTURES = dict(resnet18=(18, False), resnet34=(34, False), resnet50=(50, False), wide_resnet50_2=(50, True))
STEM = ('conv1', 'bn1', 'relu', 'maxpool')


@MODELS.register_module()
class ResNetTeacher(FrozenTeacher):
    """The first stages of a ResNet (He et al., arXiv:1512.03385) or Wide ResNet-50-2; later ones are not kept.

    Args:
        depth: 18, 34 or 50.
        wide: Wide ResNet-50-2; only with depth 50.
        weights: Path, URL or ``'torchvision://resnet18'`` of weights with torchvision's names; stages that are not
            kept and ``fc`` may be there or not. None gives random weights, which is announced loudly; ``'checkpoint'``
            leaves them to the checkpoint.
        features: Number of levels, 1 to 4.
        arch: torchvision's name (``'resnet18'``, ``'wide_resnet50_2'``, ...) in place of ``depth`` and ``wide``.

    Attributes:
        channels: Channels of the levels: (64, 128, 256) with depth 18 and 34, (256, 512, 1024) with 50.

    Raises:
        UserError: There is no such ResNet, or the weights are not those of this one.
    """

    def __init__(self, depth: int = 18, wide: bool = False, weights: str | None = None, features: int = 3,
                 arch: str | None = None) -> None:
        super().__init__()
        check_option('teacher.arch', arch, (None, *ARCHITECTURES))
        self.depth, self.wide = (depth, wide) if arch is None else ARCHITECTURES[arch]
        if (self.depth, self.wide) not in ARCHITECTURES.values() or features not in (1, 2, 3, 4):
            raise UserError(f'there is no ResNetTeacher of depth={self.depth}, wide={self.wide}, features={features}: '
                            'depths are 18, 34, 50, wide goes with 50, features are 1 to 4')
        self.block = 'bottleneck' if self.depth == 50 else 'basic'
        name = {settings: name for name, settings in ARCHITECTURES.items()}[self.depth, self.wide]
        take_stages(self, name, features)
        self.channels = tuple((256 if self.depth == 50 else 64) * 2**level for level in range(features))
        self.fill(weights, self._draw, ignored=('fc.', *(f'layer{k}.' for k in range(features + 1, 5))))

    def _draw(self) -> None:
        """torchvision's initialisation."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to levels 1, 2, 3, ...: (N, channels[k - 1], H / 2**(k + 1), W / 2**(k + 1))."""
        return stages_of(self, x, len(range(len(self.channels))[:self.levels_wanted]))


def take_stages(network: nn.Module, name: str, features: int) -> None:
    """Give a module the stem and the first stages of torchvision's network ``name``, initialised as layers are by
    default."""
    with torch.device('meta'):  # what is not kept costs nothing
        whole = get_model(name)
    for part in (*STEM, *(f'layer{k}' for k in range(1, features + 1))):
        network.add_module(part, getattr(whole, part))
    materialise(network)


def stages_of(network: nn.Module, x: Tensor, count: int) -> tuple[Tensor, ...]:
    """Levels 1 to ``count`` of images (N, 3, H, W) by a module that has taken stages."""
    x = network.maxpool(network.relu(network.bn1(network.conv1(x))))
    levels = []
    for level in range(1, count + 1):
        x = network.get_submodule(f'layer{level}')(x)
        levels.append(x)
    return tuple(levels)


def materialise(network: nn.Module) -> None:
    """Give a network on the meta device memory on the default device, and its layers their default initialisation."""
    network.to_empty(device=torch.get_default_device())
    for module in network.modules():
        if hasattr(module, 'reset_parameters'):
            module.reset_parameters()
