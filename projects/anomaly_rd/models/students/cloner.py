"""The student of multiresolution knowledge distillation."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from mmengine.model import BaseModule
from torch import Tensor, nn

from anomaly_rd.models.layers.vgg import CRITICAL, build_vgg, channels_by_name, run_vgg
from anomaly_rd.registry import MODELS
from mminspect.core.options import check_option

WIDTHS = dict(
    small=((16, 16), (16, 128), (16, 16, 256), (16, 16, 512), (16, 16, 512)),
    equal=((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3))


@MODELS.register_module()
class Cloner(BaseModule):
    """A network of VGG-16's depth and critical widths, from scratch, that learns to answer as VGG-16 does.

    Salehi et al., "Multiresolution Knowledge Distillation for Anomaly Detection", CVPR 2021, arXiv:2011.11108.
    Convolutions have no bias; BatchNorm and ReLU follow, but the last one of each block has ReLU only, so that the
    activations that are compared are not normalised.

    Args:
        size: ``'small'`` (16 channels but for the last convolution of each block) or ``'equal'`` (VGG-16's widths).

    Attributes:
        channels: Channels of pool2, pool3, pool4 and pool5.
        channels_at: Channels behind each named layer, ``'conv1_1'`` to ``'pool5'``.

    Raises:
        UserError: There is no such size.
    """

    def __init__(self, size: Literal['small', 'equal'] = 'small', init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg or dict(type='Xavier', layer='Conv2d', distribution='uniform'))
        check_option('cloner.size', size, WIDTHS)
        self.channels_at = channels_by_name(WIDTHS[size])
        self.channels = tuple(self.channels_at[name] for name in CRITICAL)
        self.layers = nn.ModuleDict(build_vgg(WIDTHS[size], _convolution))

    def forward(self, x: Tensor, inserted: Mapping[str, nn.Module] | None = None) -> tuple[Tensor, ...]:
        """Map (N, 3, H, W) to pool2 to pool5, (N, channels[k], H / 2**(k + 2), W / 2**(k + 2)): :func:`run_vgg`."""
        return run_vgg(self.layers.items(), x, inserted)


def _convolution(in_channels: int, out_channels: int, ends_block: bool) -> nn.Sequential:
    norm = [] if ends_block else [nn.BatchNorm2d(out_channels)]
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False), *norm, nn.ReLU())
