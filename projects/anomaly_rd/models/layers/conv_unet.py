"""Networks from image to image: plain encoders and decoders of double convolutions."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

#: As both networks of DRAEM begin.
NORMAL = (dict(type='Normal', layer='Conv2d', std=0.02), dict(type='Normal', layer='BatchNorm2d', mean=1.0, std=0.02))


def conv_block(*widths: int) -> nn.Sequential:
    """3 x 3 convolutions with bias from each width to the next, each with BatchNorm and ReLU."""
    return nn.Sequential(*(layer for given, made in pairwise(widths) for layer in (
        nn.Conv2d(given, made, 3, padding=1), nn.BatchNorm2d(made), nn.ReLU(inplace=True))))


def enlarged(given: int, made: int) -> nn.Sequential:
    """Twice as large, bilinearly with aligned corners, and one convolution."""
    return nn.Sequential(nn.Upsample(scale_factor=2, mode='bilinear', align_corners=True), *conv_block(given, made))


class ConvUNet(BaseModule):
    """Double convolutions at halved sizes, and back.

    With the widths 128, 256, 512, 1024, 1024 and no skips it is the reconstruction network of DRAEM (Zavrtanik et al.,
    ICCV 2021, arXiv:2108.07610); with 64, 128, 256, 512, 512, 512 and skips its segmentation network.

    Args:
        in_channels: Of the image.
        out_channels: Of the result, which has no activation.
        widths: Of the encoder's levels, each half as large as the one before.
        skip: ``'none'``; ``'cat'`` puts the encoder's level behind the enlarged map; ``'add'`` adds it.
    """

    def __init__(self, in_channels: int, out_channels: int, widths: Sequence[int], skip: str = 'none',
                 init_cfg: dict | list | None = None) -> None:
        super().__init__(init_cfg or list(NORMAL))
        self.skip = skip
        self.encoder = nn.ModuleList(conv_block(given, made, made) for given, made in pairwise((in_channels, *widths)))
        self.up, self.decoder = nn.ModuleList(), nn.ModuleList()
        width = widths[-1]
        for level in reversed(range(len(widths) - 1)):
            up, joined, made = self._sizes(widths, level, width)
            self.up.append(enlarged(width, up))
            self.decoder.append(conv_block(joined, made if skip == 'cat' else joined, made))
            width = made
        self.last = nn.Conv2d(width, out_channels, 3, padding=1)

    def _sizes(self, widths: Sequence[int], level: int, width: int) -> tuple[int, int, int]:
        """Channels behind the enlargement, in front of the double convolution, and behind it."""
        below = widths[max(level - 1, 0)]
        if self.skip == 'cat':
            own = widths[level] if level == len(widths) - 2 else below
            return own, own + widths[level], own
        return width, width, below

    @property
    def divisor(self) -> int:
        """Sides of images must be multiples of it."""
        return 2**(len(self.encoder) - 1)

    def forward(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W)."""
        levels, x = [], images
        for number, block in enumerate(self.encoder):
            x = block(max_pool2d(x, 2) if number else x)
            levels.append(x)
        for up, block, level in zip(self.up, self.decoder, levels[-2::-1], strict=True):
            x = up(x)
            if self.skip == 'cat':
                x = torch.cat([x, level], 1)
            elif self.skip == 'add':
                x = x + level
            x = block(x)
        return self.last(x)
