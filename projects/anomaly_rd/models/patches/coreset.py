"""A subset that covers all points: always the one that is farthest from those chosen so far."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mminspect.core.options import check_option

#: Rows whose distances are computed in one product.
CHUNK = 8192


def greedy_coreset(parts: Sequence[Tensor], count: int, start: Literal['mean10', 'random'] = 'mean10',
                   projection: int | None = 128, seed: int = 0, block: int = 256) -> Tensor:
    """Choose ``count`` of all rows by the greedy k-centre rule (Sener and Savarese, ICLR 2018, arXiv:1708.00489), as
    PatchCore does (arXiv:2106.08265, algorithm 1).

    Distances can only fall, so that no point can overtake the candidates, those with the ``block`` largest ones, before
    the best of these has fallen below the largest of the others: until then only the candidates' distances are looked
    at, and one matrix product then brings those of all points up to date. The choice is that of the plain rule, up to
    points whose distances are equal to the last digits.

    Args:
        parts: Rows (n_i, D), which are put behind each other in thought.
        count: Rows to choose, 1 to the sum of all n_i.
        start: ``'mean10'``: a point's distance begins as the mean of those to ten random points, which are not chosen
            (the reference); ``'random'``: one random point is chosen first (anomalib).
        projection: Dimensions of the random projection in which distances are measured; None for the rows' own.
        seed: Of projection and start.
        block: Number of candidates.

    Returns:
        Places of the chosen rows (count,), in their order of choice.

    Raises:
        UserError: Unknown ``start``.
        ValueError: There are fewer rows than ``count``, or ``count`` is below 1.
    """
    check_option('start', start, ('mean10', 'random'))
    generator = torch.Generator().manual_seed(seed)
    points = _projected(parts, projection, generator)
    if not 1 <= count <= len(points):
        raise ValueError(f'{count} of {len(points)} rows cannot be chosen')
    squares = points.square().sum(1)
    chosen: list[int] = []
    if start == 'random':
        chosen.append(int(torch.randint(len(points), (1, ), generator=generator)))
        bounds = _to(points, squares, torch.tensor(chosen))
        bounds[chosen] = -1
    else:
        anchors = torch.randperm(len(points), generator=generator)[:10]
        bounds = torch.cdist(points, points[anchors]).mean(1).square()
    while len(chosen) < count:
        picked = _pick(points, bounds, block, count - len(chosen))
        torch.minimum(bounds, _to(points, squares, picked), out=bounds)
        chosen += picked.tolist()
        bounds[picked] = -1
    return torch.tensor(chosen)


def _projected(parts: Sequence[Tensor], projection: int | None, generator: torch.Generator) -> Tensor:
    """All rows around their mean in few dimensions; products of large numbers would lose small differences."""
    width = parts[0].shape[1]
    if projection is None or projection >= width:
        points = torch.cat([part.float() for part in parts])
    else:
        matrix = (torch.rand(width, projection, generator=generator) * 2 - 1) / width**0.5
        points = torch.empty(sum(map(len, parts)), projection)
        begin = 0
        for part in parts:
            torch.mm(part.float(), matrix, out=points[begin:begin + len(part)])
            begin += len(part)
    return points.sub_(points.mean(0))


def _pick(points: Tensor, bounds: Tensor, block: int, most: int) -> Tensor:
    """The next centres, as many as are certain without a look at the points that are no candidates."""
    values, places = bounds.topk(min(block + 1, len(bounds)))
    limit = float(values[block]) if len(values) > block else -1.0
    values, places = values[:block].numpy().copy(), places[:block]
    candidates = points[places]
    squares = candidates.square().sum(1)
    among = _squared(candidates, squares, candidates, squares).numpy()
    picked: list[int] = []
    while len(picked) < most:
        best = int(values.argmax())
        if values[best] < limit or values[best] < 0:
            break
        picked.append(best)
        np.minimum(values, among[best], out=values)
        values[best] = -1
    return places[picked]


def _to(points: Tensor, squares: Tensor, centres: Tensor) -> Tensor:
    """Squared distance of each point to the nearest of the centres."""
    found = torch.empty(len(points))
    for begin in range(0, len(points), CHUNK):
        rows = slice(begin, begin + CHUNK)
        torch.amin(_squared(points[rows], squares[rows], points[centres], squares[centres]), 1, out=found[rows])
    return found


def _squared(left: Tensor, left_squares: Tensor, right: Tensor, right_squares: Tensor) -> Tensor:
    return torch.addmm(right_squares[None], left, right.T, alpha=-2).add_(left_squares[:, None]).clamp_(min=0)
