"""The nearest rows of a bank."""
from __future__ import annotations

import torch
from torch import Tensor

#: Distances that are held at once: 128 MiB.
DISTANCES = 2**25


def nearest_rows(queries: Tensor, bank: Tensor, count: int = 1) -> tuple[Tensor, Tensor]:
    """Squared Euclidean distances to the nearest rows, and their places, by matrix products in bounded memory.

    Both sides are taken around the bank's mean: of large numbers the products would lose small differences.

    Args:
        queries: (Q, D).
        bank: (B, D), at least ``count`` rows.
        count: Of rows.

    Returns:
        Distances (Q, count) from the nearest on, at least 0, and places in the bank (Q, count).
    """
    centre = bank.mean(0)
    bank = bank - centre
    squares = bank.square().sum(1)
    step = max(1, DISTANCES // len(bank))
    if len(queries) <= step:
        return _nearest(queries - centre, bank, squares, count)
    found = [_nearest(part - centre, bank, squares, count) for part in queries.split(step)]
    return torch.cat([values for values, _ in found]), torch.cat([places for _, places in found])


def _nearest(queries: Tensor, bank: Tensor, squares: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """A query's own square is the same for all rows, and is added to those that are found."""
    partial = squares - 2 * queries @ bank.T
    values, places = partial.min(1, keepdim=True) if count == 1 else partial.topk(count, 1, largest=False)
    return (values + queries.square().sum(1, keepdim=True)).clamp(min=0), places
