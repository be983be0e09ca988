"""Patches of a whole data set, or a random part of them where there are more than memory should hold."""
from __future__ import annotations

import torch
from torch import Tensor


class PatchSample:
    """Rows that arrive batch by batch; at most ``limit`` are kept, each with the same chance.

    Every row draws a random number, and those with the smallest stay, so that nobody needs to know how many will come.

    Args:
        limit: Rows that are kept; None keeps all.
        dtype: In which they are kept.
        seed: Of the choice.

    Attributes:
        parts: The rows, as a list of (n_i, D).
        seen: How many have come.
    """

    def __init__(self, limit: int | None = None, dtype: torch.dtype = torch.float32, seed: int = 0) -> None:
        self.limit, self.dtype, self.seen = limit, dtype, 0
        self.parts: list[Tensor] = []
        self._keys: list[Tensor] = []
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def add(self, rows: Tensor) -> None:
        """Take rows (n, D) from any device."""
        self.seen += len(rows)
        self.parts.append(rows.to('cpu', self.dtype))
        if self.limit is None:
            return
        self._keys.append(torch.rand(len(rows), generator=self._generator))
        if len(self) > 1.25 * self.limit:
            self._drop()

    def finish(self) -> list[Tensor]:
        """The rows that stay."""
        if self.limit is not None and len(self) > self.limit:
            self._drop()
        return self.parts

    def take(self, places: Tensor) -> Tensor:
        """The rows (len(places), D) at these places of all parts behind each other."""
        ends = torch.tensor([0, *map(len, self.parts)]).cumsum(0)
        part = torch.searchsorted(ends, places, right=True) - 1
        rows = self.parts[0].new_empty(len(places), self.parts[0].shape[1])
        for number in part.unique().tolist():
            of_part = part == number
            rows[of_part] = self.parts[number][places[of_part] - ends[number]]
        return rows

    def _drop(self) -> None:
        """Keep those with the smallest keys, part by part so that nothing is held twice."""
        keys = torch.cat(self._keys)
        stays = torch.zeros(len(keys), dtype=torch.bool)
        stays[keys.topk(self.limit, largest=False).indices] = True
        for number, mask in enumerate(stays.split([*map(len, self.parts)])):
            self.parts[number], self._keys[number] = self.parts[number][mask], self._keys[number][mask]
