"""What all networks with VGG-16's layout share."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from torch import Tensor, nn

#: The layers that are distilled, with strides 4, 8, 16 and 32.
CRITICAL = ('pool2', 'pool3', 'pool4', 'pool5')


def run_vgg(layers: Iterable[tuple[str, nn.Module]], x: Tensor,
            inserted: Mapping[str, nn.Module] | None = None) -> tuple[Tensor, ...]:
    """Run a chain of named layers.

    Args:
        layers: In order. An activated convolution is ``'conv2_1'`` (second block, first), a pooling ``'pool2'``; in
            between may be others, named ''.
        x: (N, 3, H, W).
        inserted: Modules to put behind the layers of these names; what follows gets their output.

    Returns:
        The outputs of the :data:`CRITICAL` layers.
    """
    inserted, critical = inserted or {}, []
    for name, layer in layers:
        x = layer(x)
        if name in inserted:
            x = inserted[name](x)
        if name in CRITICAL:
            critical.append(x)
    return tuple(critical)


def build_vgg(widths: Iterable[Sequence[int]],
              convolution: Callable[[int, int, bool], nn.Module]) -> dict[str, nn.Module]:
    """The named layers of a VGG-16 for RGB images, as :func:`run_vgg` takes them.

    Args:
        widths: Channels behind each convolution of each block.
        convolution: Makes an activated convolution from its input and output channels and whether it ends its block.
    """
    layers: dict[str, nn.Module] = {}
    width = 3
    for block, of_block in enumerate(widths, 1):
        for index, out in enumerate(of_block, 1):
            layers[f'conv{block}_{index}'] = convolution(width, out, index == len(of_block))
            width = out
        layers[f'pool{block}'] = nn.MaxPool2d(2)
    return layers


def channels_by_name(widths: Iterable[Iterable[int]]) -> dict[str, int]:
    """Channels behind every named layer of a VGG-16 with ``widths[block][convolution]``."""
    channels = {}
    for block, of_block in enumerate(widths, 1):
        for index, width in enumerate(of_block, 1):
            channels[f'conv{block}_{index}'] = channels[f'pool{block}'] = width
    return channels
