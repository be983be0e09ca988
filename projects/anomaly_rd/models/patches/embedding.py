"""From levels of features to one vector for each position."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from mminspect.core.errors import UserError
from mminspect.core.options import check_option


class PatchEmbedding(nn.Module):
    """Means of 3 x 3 neighbours of every level, enlarged to the first one, side by side or pooled to ``dims`` numbers.

    The reference of PatchCore (Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022,
    arXiv:2106.08265) cuts 3 x 3 x C patches out, pools each adaptively to ``dims`` numbers, enlarges the maps, puts the
    levels behind each other and pools these to ``dims`` again. All of that is one linear filter of 3 x 3, so that no
    patch is ever cut out; ``'concat'`` leaves the pooling out.

    Args:
        channels: Of the levels, the first the largest.
        dims: Length of the vectors, or ``'concat'`` for the sum of the channels.
        neighbours: False takes the levels as they are (PaDiM).
        enlarge: How smaller levels are enlarged: ``'bilinear'`` (without aligned corners) or ``'nearest'``.

    Attributes:
        length: Of the vectors.

    Raises:
        UserError: Unknown ``enlarge``, or ``dims`` that is no length of a vector.
    """

    def __init__(self, channels: Sequence[int], dims: int | Literal['concat'] = 'concat', neighbours: bool = True,
                 enlarge: Literal['bilinear', 'nearest'] = 'bilinear') -> None:
        super().__init__()
        check_option('embedding.enlarge', enlarge, ('bilinear', 'nearest'))
        if dims != 'concat' and (type(dims) is not int or dims < 1 or not neighbours):
            raise UserError(f"embedding.dims is {dims!r}: give the length of the vectors, with neighbours=True, or "
                            "'concat'")
        self.neighbours, self.enlarge = neighbours, enlarge
        self.length = sum(channels) if dims == 'concat' else dims
        self.pools = dims != 'concat'
        if self.pools:
            for level, filters in enumerate(_pooling_filters(channels, dims)):
                self.register_buffer(f'filters{level}', filters, persistent=False)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Levels (N, C_k, h_k, w_k) to (N, length, h_1, w_1)."""
        maps = [self._filtered(number, level) for number, level in enumerate(levels)]
        size, options = maps[0].shape[2:], dict(align_corners=False) if self.enlarge == 'bilinear' else {}
        enlarged = [maps[0], *(interpolate(one, size, mode=self.enlarge, **options) for one in maps[1:])]
        return torch.stack(enlarged).sum(0) if self.pools else torch.cat(enlarged, 1)

    def _filtered(self, number: int, level: Tensor) -> Tensor:
        if not self.neighbours:
            return level
        if not self.pools:
            return avg_pool2d(level, 3, 1, 1)
        return conv2d(level, getattr(self, f'filters{number}'), padding=1)


def _pooling_filters(channels: Sequence[int], dims: int) -> list[Tensor]:
    """Filters (dims, C_k, 3, 3) whose sum over the levels is both poolings of the reference."""
    second = _pooling(len(channels) * dims, dims)  # (dims, levels * dims)
    return [(second[:, number * dims:(number + 1) * dims] @ _pooling(9 * count, dims)).view(dims, count, 3, 3).float()
            for number, count in enumerate(channels)]


def _pooling(length: int, dims: int) -> Tensor:
    """The matrix (dims, length) of adaptive mean pooling: from floor(i * length / dims) to ceil((i + 1) * ...)."""
    matrix = torch.zeros(dims, length, dtype=torch.float64)
    for row in range(dims):
        begin, end = row * length // dims, -(-(row + 1) * length // dims)
        matrix[row, begin:end] = 1 / (end - begin)
    return matrix
