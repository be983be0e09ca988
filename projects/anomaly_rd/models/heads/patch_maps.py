"""From values of patches to an anomaly map and a score."""
from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option

from .maps import GaussianBlur


@MODELS.register_module()
class PatchMapHead(nn.Module):
    """Enlarges a map of patches bilinearly and smooths it; the score is that of the worst patch or of the map.

    Args:
        sigma: Of the Gaussian filter, in pixels of the network's input.
        score: Of an image: ``'max_patch'``, the largest value of a patch (PatchCore); of the smoothed map ``'max'``,
            ``'topk_mean'``, the mean of its ``topk`` largest pixels, or ``'pooled_max'``, the largest mean of 21 x 21
            pixels (DRAEM).
        topk: Pixels for ``'topk_mean'``.
        align_corners: Of the enlargement.

    Raises:
        UserError: Unknown ``score``, negative ``sigma``, or ``topk`` below 1.
    """

    #: Side of the mean for 'pooled_max', pixels.
    POOL = 21

    def __init__(self, sigma: float = 4.0, score: Literal['max_patch', 'max', 'topk_mean', 'pooled_max'] = 'max_patch',
                 topk: int = 100, align_corners: bool = False) -> None:
        super().__init__()
        check_option('map_head.score', score, ('max_patch', 'max', 'topk_mean', 'pooled_max'))
        if topk < 1:
            raise UserError(f'map_head.topk is {topk}: at least 1 pixel makes a score')
        self.score, self.topk, self.align_corners = score, topk, align_corners
        self.blur = GaussianBlur(sigma)

    def forward(self, patches: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Patches (N, h, w) to maps (N, H, W) of ``size`` and scores (N,)."""
        maps = interpolate(patches[:, None].float(), size, mode='bilinear', align_corners=self.align_corners)[:, 0]
        maps = self.blur(maps)
        return maps, self._scores(patches, maps)

    def _scores(self, patches: Tensor, maps: Tensor) -> Tensor:
        if self.score == 'max_patch':
            return patches.float().amax((1, 2))
        if self.score == 'pooled_max':
            return avg_pool2d(maps[:, None], self.POOL, 1, self.POOL // 2).amax((1, 2, 3))
        pixels = maps.flatten(1)
        return pixels.amax(1) if self.score == 'max' else pixels.topk(min(self.topk, pixels.shape[1]), 1).values.mean(1)
