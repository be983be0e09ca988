"""The VGG-16 teacher: torchvision's convolutions, with the gradients of its input."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from anomaly_rd.models.layers.vgg import CRITICAL, channels_by_name, run_vgg
from anomaly_rd.registry import MODELS

from .frozen import FrozenTeacher

#: VGG-16's layers in torchvision's words: channels of each convolution, and 'M' for a pooling.
LAYERS = cfgs['D']


@MODELS.register_module()
class VGGTeacher(FrozenTeacher):
    """The convolutions of VGG-16 without BatchNorm (Simonyan and Zisserman, arXiv:1409.1556).

    ReLUs are not in place, so that gradients can be taken through hooks.

    Args:
        weights: Path, URL or ``'torchvision://vgg16'`` of weights with torchvision's names (``features.0.weight``,
            ...), with ``classifier`` or without. None gives random weights, which is announced loudly; ``'checkpoint'``
            leaves them to the checkpoint.

    Attributes:
        channels: Channels of pool2, pool3, pool4 and pool5.
        channels_at: Channels behind each named layer, ``'conv1_1'`` to ``'pool5'``.

    Raises:
        UserError: The weights are not those of VGG-16.
    """

    def __init__(self, weights: str | None = None) -> None:
        super().__init__()
        self.features = make_layers(LAYERS)
        for layer in self.features:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        self._names = names_of(self.features)
        self.channels_at = channels_by_name(_by_block(LAYERS))
        self.channels = tuple(self.channels_at[name] for name in CRITICAL)
        self.fill(weights, self._draw, ignored=('classifier.',))

    def _draw(self) -> None:
        """torchvision's initialisation."""
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor, inserted: Mapping[str, nn.Module] | None = None) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to pool2 to pool5, (N, channels[k], H / 2**(k + 2), W / 2**(k + 2)): :func:`run_vgg`."""
        return run_vgg(zip(self._names, self.features, strict=True), x, inserted)


def names_of(layers: Iterable[nn.Module]) -> list[str]:
    """Names of a VGG's layers: ``'conv2_1'`` for an activation, ``'pool2'`` for a pooling, '' for convolutions."""
    names, block, index = [], 1, 0
    for layer in layers:
        if isinstance(layer, nn.ReLU):
            index += 1
            names.append(f'conv{block}_{index}')
        elif isinstance(layer, nn.MaxPool2d):
            names.append(f'pool{block}')
            block, index = block + 1, 0
        else:
            names.append('')
    return names


def _by_block(layers: Iterable[int | str]) -> list[list[int]]:
    """Channels of each convolution of each block."""
    return [list(block) for is_pooling, block in groupby(layers, lambda entry: entry == 'M') if not is_pooling]
