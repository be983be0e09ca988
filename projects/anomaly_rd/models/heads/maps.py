"""From two sets of features to an anomaly map and a score."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate

from anomaly_rd.models.losses import cosine
from anomaly_rd.registry import MODELS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option
from mminspect.models.precision import in_float32


@MODELS.register_module()
class CosineMapHead(nn.Module):
    """One minus the local cosine of every level, enlarged bilinearly, fused and smoothed.

    Deng and Li, "Anomaly Detection via Reverse Distillation from One-Class Embedding", arXiv:2201.10703.

    Args:
        fusion: ``'sum'`` or ``'prod'`` of the levels.
        sigma: Of the Gaussian filter, in pixels of the network's input.
        score: Of an image: ``'max'``, ``'topk_mean'`` or ``'mean'`` of the smoothed map.
        topk: Number of largest pixels for ``'topk_mean'``.
        align_corners: Of the enlargement.
        fuse_size: Side of the maps, pixels, at which levels are fused before the enlargement to the network's input;
            None: that of the input.

    Raises:
        UserError: Unknown ``fusion`` or ``score``, negative ``sigma``, or ``topk`` or ``fuse_size`` below 1.
    """

    def __init__(self, fusion: Literal['sum', 'prod'] = 'sum', sigma: float = 4.0,
                 score: Literal['max', 'topk_mean', 'mean'] = 'max', topk: int = 100, align_corners: bool = True,
                 fuse_size: int | None = None) -> None:
        super().__init__()
        check_option('map_head.fusion', fusion, ('sum', 'prod'))
        check_option('map_head.score', score, ('max', 'topk_mean', 'mean'))
        if topk < 1:
            raise UserError(f'map_head.topk is {topk}: at least 1 pixel makes a score')
        if fuse_size is not None and (type(fuse_size) is not int or fuse_size < 1):
            raise UserError(f'map_head.fuse_size is {fuse_size!r}: give the side of a map in pixels, or None')
        self.fusion, self.score, self.topk = fusion, score, topk
        self.align_corners, self.fuse_size = align_corners, fuse_size
        self.blur = GaussianBlur(sigma)

    def forward(self, teacher_feats: Sequence[Tensor], student_feats: Sequence[Tensor],
                size: tuple[int, int]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Compare features (N, C_k, h_k, w_k).

        Args:
            teacher_feats: The teacher's.
            student_feats: The student's.
            size: (H, W) of the maps.

        Returns:
            Maps (N, H, W), scores (N), and the levels' own maps (N, h_k, w_k) in [0, 2], all float32.
        """
        with torch.autocast(teacher_feats[0].device.type, enabled=False):
            level_maps = [(1 - cosine(teacher, student, (1,))).float().clamp_(0, 2)
                          for teacher, student in zip(teacher_feats, student_feats, strict=True)]
            at = size if self.fuse_size is None else (self.fuse_size, self.fuse_size)
            enlarged = torch.stack([self._enlarged(level, at) for level in level_maps])
            fused = enlarged.sum(0) if self.fusion == 'sum' else enlarged.prod(0)
            maps = self.blur(fused if at == size else self._enlarged(fused, size))
            return maps, self._scores(maps.flatten(1)), level_maps

    def _enlarged(self, maps: Tensor, size: tuple[int, int]) -> Tensor:
        return interpolate(maps[:, None], size, mode='bilinear', align_corners=self.align_corners)[:, 0]

    def _scores(self, pixels: Tensor) -> Tensor:
        if self.score == 'max':
            return pixels.amax(1)
        if self.score == 'mean':
            return pixels.mean(1)
        return pixels.topk(min(self.topk, pixels.shape[1]), 1).values.mean(1)


class GaussianBlur(nn.Module):
    """What ``scipy.ndimage.gaussian_filter(map, sigma)`` computes: the kernel ends at 4 sigma, the border is mirrored.

    Two convolutions with a fixed kernel, so that an exported model smooths as the native one does.

    Args:
        sigma: Standard deviation in pixels; 0 changes nothing.

    Raises:
        UserError: ``sigma`` is negative or infinite.
    """

    def __init__(self, sigma: float = 4.0) -> None:
        super().__init__()
        if not 0 <= sigma < math.inf:
            raise UserError(f'sigma of a map is {sigma}: give the width of its Gaussian filter in pixels, 0 for none')
        self.radius = int(4 * sigma + 0.5)
        offsets = torch.arange(-self.radius, self.radius + 1, dtype=torch.float64)
        kernel = torch.exp(-0.5 * (offsets / sigma) ** 2) if self.radius else torch.ones(1, dtype=torch.float64)
        self.register_buffer('kernel', (kernel / kernel.sum()).float(), persistent=False)

    @in_float32
    def forward(self, maps: Tensor) -> Tensor:
        """Smooth maps (N, H, W) float32; same shape. In float32 also under autocast."""
        if not self.radius:
            return maps
        x = maps.unsqueeze(1)
        x = conv2d(_mirrored(x, 2, self.radius), self.kernel.view(1, 1, -1, 1))
        return conv2d(_mirrored(x, 3, self.radius), self.kernel.view(1, 1, 1, -1)).squeeze(1)


def _mirrored(x: Tensor, dim: int, radius: int) -> Tensor:
    """Extended on both sides of ``dim`` by its mirror image, edge included: ... b a | a b c | c b ..."""
    size = x.shape[dim]
    index = torch.arange(-radius, size + radius, device=x.device) % (2 * size)
    return x.index_select(dim, torch.minimum(index, 2 * size - 1 - index))
