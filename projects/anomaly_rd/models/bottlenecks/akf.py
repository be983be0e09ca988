"""Asymptotic knowledge fusion: level after level, each with its neighbour."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import interpolate

from anomaly_rd.models.layers import ConvNormAct
from anomaly_rd.registry import MODELS
from mminspect.core.options import check_option

from .fuse import AdaptiveFuse

FINALS = ('two', 'three')
ALIGNMENTS = ('shallow_to_deep', 'deep_to_shallow')


@MODELS.register_module()
class AKF(nn.Module):
    """Fuse levels 1 and 2, then the result and level 3, with predicted weights at every position.

    The paper's equations are lost; this is its text ("asymptotic knowledge fusion", derived from AFPN,
    arXiv:2306.15988) in the reading with the fewest additions, and the other readings as options.

    Args:
        channels: Channels (c1, c2, c3) of the teacher's three levels.
        weight: See :class:`~.fuse.AdaptiveFuse`.
        weight_channels: See :class:`~.fuse.AdaptiveFuse`.
        normalise: See :class:`~.fuse.AdaptiveFuse`.
        refine_blocks: See :class:`~.fuse.AdaptiveFuse`.
        final: Levels in the last step: ``'two'``, or ``'three'``, which adds the first level once more.
        align: ``'shallow_to_deep'``: the shallower map is reduced by a strided convolution and fused at the deeper
            one's size. ``'deep_to_shallow'``: the deeper map is enlarged bilinearly and fused at the shallower one's
            size, from level 3 up to level 1; strided convolutions then lead back to the size of level 3.
        input_size: (height, width) of the images in pixels, for ``weight='static'`` only.
        strides: Strides (s1, s2, s3) of the levels, each a multiple of the one before.

    Attributes:
        out_channels: c3.

    Raises:
        UserError: An option has another value than those named.
    """

    def __init__(self, channels: Sequence[int], weight: Literal['predicted', 'static'] = 'predicted',
                 weight_channels: Literal['one', 'full'] = 'one', normalise: Literal['softmax', 'sigmoid'] = 'softmax',
                 final: Literal['two', 'three'] = 'two',
                 align: Literal['shallow_to_deep', 'deep_to_shallow'] = 'shallow_to_deep', refine_blocks: int = 0,
                 input_size: tuple[int, int] = (256, 256), strides: Sequence[int] = (4, 8, 16)) -> None:
        super().__init__()
        check_option('AKF.final', final, FINALS)
        check_option('AKF.align', align, ALIGNMENTS)
        self.out_channels = channels[2]
        self.upwards = align == 'deep_to_shallow'
        first, second = strides[1] // strides[0], strides[2] // strides[1]
        widths, factors = channels, (first, second)
        if self.upwards:
            widths, strides, factors = channels[::-1], strides[::-1], (second, first)

        def fuse(step: int, levels: int) -> AdaptiveFuse:
            size = (input_size[0] // strides[step], input_size[1] // strides[step])
            return AdaptiveFuse(widths[step], levels, weight, weight_channels, normalise, refine_blocks, size)

        adapt = _Enlarged if self.upwards else _Reduced
        self.adapt1, self.adapt2 = adapt(*widths[:2], factors[0]), adapt(*widths[1:], factors[1])
        self.adapt_first = adapt(widths[0], widths[2], first * second) if final == 'three' else None
        self.fuse1, self.fuse2 = fuse(1, 2), fuse(2, 3 if final == 'three' else 2)
        c1, c2, c3 = channels
        self.back = nn.Sequential(_Reduced(c1, c2, first), _Reduced(c2, c3, second)) if self.upwards else nn.Identity()

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Fuse levels 1 to 3, the last (N, c3, h, w), to (N, c3, h, w)."""
        first, second, third = features[::-1] if self.upwards else features
        fused = self.fuse1((self.adapt1(first), second))
        again = () if self.adapt_first is None else (self.adapt_first(first),)
        return self.back(self.fuse2((*again, self.adapt2(fused), third)))


class _Reduced(ConvNormAct):
    """3 x 3 convolution with a stride."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__(in_channels, out_channels, 3, stride)


class _Enlarged(ConvNormAct):
    """1 x 1 convolution, then bilinear enlargement."""

    def __init__(self, in_channels: int, out_channels: int, factor: int) -> None:
        super().__init__(in_channels, out_channels, 1)
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(super().forward(x), scale_factor=self.factor, mode='bilinear')
