"""ResNet teachers with torchvision's names of weights."""
from __future__ import annotations

from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, conv1x1

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError

from .frozen import FrozenTeacher, load_weights

#: Blocks per stage.
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}

#: torchvision's names: depth and width.
ARCHITECTURES = dict(resnet18=(18, False), resnet34=(34, False), resnet50=(50, False), wide_resnet50_2=(50, True))


@MODELS.register_module()
class ResNetTeacher(FrozenTeacher):
    """The first stages of a ResNet (He et al., arXiv:1512.03385) or Wide ResNet-50-2; later ones are not built.

    Args:
        depth: 18, 34 or 50.
        wide: Wide ResNet-50-2; only with depth 50.
        weights: Path, URL or ``'torchvision://resnet18'`` of weights with torchvision's names; stages that are not
            built and ``fc`` may be there or not. None gives random weights, which is announced loudly.
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
        if arch is not None and arch not in ARCHITECTURES:
            raise UserError(f'teacher.arch is {arch!r}, known are {", ".join(ARCHITECTURES)}: change it in the config')
        self.depth, self.wide = (depth, wide) if arch is None else ARCHITECTURES[arch]
        if (self.depth, self.wide) not in ARCHITECTURES.values() or features not in (1, 2, 3, 4):
            raise UserError(f'there is no ResNetTeacher of depth={self.depth}, wide={self.wide}, features={features}: '
                            f'depths are {", ".join(map(str, STAGES))}, wide goes with 50, features are 1 to 4')
        self.block = 'bottleneck' if self.depth == 50 else 'basic'
        self.is_random = weights is None
        self._build(features)
        if self.is_random:
            self._draw()
            self.announce_random()
        else:
            load_weights(self, weights, ignored=('fc.', *(f'layer{k}.' for k in range(features + 1, 5))))
        self.freeze()

    def _build(self, features: int) -> None:
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        block = Bottleneck if self.block == 'bottleneck' else BasicBlock
        width, channels = 64, []
        for level, count in enumerate(STAGES[self.depth][:features]):
            planes = 64 * 2**level
            stage = [self._block(block, width, planes, 1 if level == 0 else 2)]
            width = planes * block.expansion
            stage += [self._block(block, width, planes, 1) for _ in range(count - 1)]
            self.add_module(f'layer{level + 1}', nn.Sequential(*stage))
            channels.append(width)
        self.channels = tuple(channels)

    def _block(self, block: type[BasicBlock | Bottleneck], in_channels: int, planes: int, stride: int) -> nn.Module:
        out_channels, downsample = planes * block.expansion, None
        if stride != 1 or in_channels != out_channels:
            downsample = nn.Sequential(conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))
        return block(in_channels, planes, stride, downsample, base_width=128 if self.wide else 64)

    def _draw(self) -> None:
        """torchvision's initialisation."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to levels 1, 2, 3, ...: (N, channels[k - 1], H / 2**(k + 1), W / 2**(k + 1))."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        levels = []
        for level in range(len(self.channels)):
            x = self.get_submodule(f'layer{level + 1}')(x)
            levels.append(x)
        return tuple(levels)
