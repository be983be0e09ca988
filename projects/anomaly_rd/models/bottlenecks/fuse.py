"""Adaptive fusion of feature maps of one size."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from anomaly_rd.models.layers import BasicBlock, ConvNormAct
from mminspect.core.errors import UserError
from mminspect.core.options import check_option

#: Channels to which each map is cut before the weights are predicted from all of them.
COMPRESSED = 8
WEIGHTS = ('predicted', 'static')
WEIGHT_CHANNELS = ('one', 'full')
NORMALISATIONS = ('softmax', 'sigmoid')


class AdaptiveFuse(nn.Module):
    """Sum of L maps (N, C, h, w), weighted anew at every position, then a 3 x 3 convolution.

    Liu et al., "Learning Spatial Fusion for Single-Shot Object Detection", arXiv:1911.09516; the form is that of AFPN,
    Yang et al., arXiv:2306.15988.

    Args:
        channels: C.
        levels: L.
        weight: ``'predicted'`` from the maps by 1 x 1 convolutions, or ``'static'``: free parameters, the same for
            every image.
        weight_channels: ``'one'`` weight for all channels of a position, or ``'full'``: one for each.
        normalise: ``'softmax'`` over the levels, or ``'sigmoid'`` of each weight by itself.
        refine_blocks: Residual blocks behind the convolution.
        size: (h, w), for static weights.

    Raises:
        UserError: An option has another value than those named.
    """

    def __init__(self, channels: int, levels: int = 2, weight: Literal['predicted', 'static'] = 'predicted',
                 weight_channels: Literal['one', 'full'] = 'one', normalise: Literal['softmax', 'sigmoid'] = 'softmax',
                 refine_blocks: int = 0, size: tuple[int, int] = (0, 0)) -> None:
        super().__init__()
        check_option('AKF.weight', weight, WEIGHTS)
        check_option('AKF.weight_channels', weight_channels, WEIGHT_CHANNELS)
        check_option('AKF.normalise', normalise, NORMALISATIONS)
        self.levels, self.normalise = levels, normalise
        self.weight_width = channels if weight_channels == 'full' else 1
        self.static = nn.Parameter(torch.zeros(levels, self.weight_width, *size)) if weight == 'static' else None
        if self.static is None:
            self.compress = nn.ModuleList(ConvNormAct(channels, COMPRESSED, 1) for _ in range(levels))
            self.predict = nn.Conv2d(levels * COMPRESSED, levels * self.weight_width, 1)
        self.out = nn.Sequential(ConvNormAct(channels, channels, 3),
                                 *(BasicBlock(channels, channels) for _ in range(refine_blocks)))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Fuse L maps (N, C, h, w) into one.

        Raises:
            UserError: Static weights of another size than the maps.
        """
        weights = self.weights(maps)
        fused = weights[:, 0] * maps[0]
        for level in range(1, self.levels):
            fused = fused + weights[:, level] * maps[level]
        return self.out(fused)

    def weights(self, maps: Sequence[Tensor]) -> Tensor:
        """The weights, (N or 1, L, C or 1, h, w); those of a softmax sum to 1 over L.

        Raises:
            UserError: As :meth:`forward`.
        """
        if self.static is not None:
            if self.static.shape[2:] != maps[0].shape[2:]:
                raise UserError(f'AKF has static weights of {tuple(self.static.shape[2:])}, the features are '
                                f'{tuple(maps[0].shape[2:])}: give input_size of AKF the size of the images')
            logits = self.static[None]
        else:
            compressed = [compress(x) for compress, x in zip(self.compress, maps, strict=True)]
            logits = self.predict(torch.cat(compressed, 1)).unflatten(1, (self.levels, self.weight_width))
        weights = logits.float().softmax(1) if self.normalise == 'softmax' else logits.float().sigmoid()
        return weights.to(maps[0].dtype)
