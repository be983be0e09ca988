"""The VGG-16 teacher with torchvision's names of weights."""
from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from anomaly_rd.models.layers.vgg import BLOCKS, CRITICAL, build_vgg, channels_by_name, run_vgg
from anomaly_rd.registry import MODELS

from .frozen import FrozenTeacher, load_weights

WIDTHS = tuple((width,) * count for width, count in zip((64, 128, 256, 512, 512), BLOCKS, strict=True))


@MODELS.register_module()
class VGGTeacher(FrozenTeacher):
    """The convolutions of VGG-16 without BatchNorm (Simonyan and Zisserman, arXiv:1409.1556).

    ReLUs are not in place, so that gradients can be taken through hooks.

    Args:
        weights: Path, URL or ``'torchvision://vgg16'`` of weights with torchvision's names (``features.0.weight``,
            ...), with ``classifier`` or without. None gives random weights, which is announced loudly.

    Attributes:
        channels: Channels of pool2, pool3, pool4 and pool5.
        channels_at: Channels behind each named layer, ``'conv1_1'`` to ``'pool5'``.

    Raises:
        UserError: The weights are not those of VGG-16.
    """

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        self.features, self._names = _build()
        self.channels_at = channels_by_name(WIDTHS)
        self.channels = tuple(self.channels_at[name] for name in CRITICAL)
        self.is_random = weights is None
        if self.is_random:
            self._draw()
            self.announce_random()
        else:
            load_weights(self, weights, ignored=('classifier.',))
        self.freeze()

    def _draw(self) -> None:
        """torchvision's initialisation."""
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, inserted: Mapping[str, nn.Module] | None = None) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to pool2 to pool5, (N, channels[k], H / 2**(k + 2), W / 2**(k + 2)): :func:`run_vgg`."""
        return run_vgg(zip(self._names, self.features, strict=True), x, inserted)


def _build() -> tuple[nn.Sequential, list[str]]:
    """Layers in torchvision's order and the name of each, '' for convolutions before their activation."""
    layers, names = nn.Sequential(), []
    for name, layer in build_vgg(WIDTHS, _convolution).items():
        parts = list(layer) if isinstance(layer, nn.Sequential) else [layer]
        layers.extend(parts)
        names += [''] * (len(parts) - 1) + [name]
    return layers, names


def _convolution(in_channels: int, out_channels: int, ends_block: bool) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU())
