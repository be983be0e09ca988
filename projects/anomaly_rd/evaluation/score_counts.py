"""Counts of image and region scores, exact up to a number of distinct scores."""
from __future__ import annotations

import numpy as np
from mmengine.dist import all_gather_object

from .score_keys import key_scores, score_keys

MAX_PENDING = 4096


class ScoreCounts:
    """How often each score occurred, in several rows (classes, size bins).

    Exact up to ``capacity`` distinct scores. Beyond, neighbouring float32 numbers are taken together, ``2**shift`` of
    them by as small a shift as fits; so the state, as :class:`ScoreHistogram`'s, depends on the scores only and not on
    their order, batches or processes.

    Args:
        rows: Number of rows.
        capacity: Distinct scores, each (4 + 8 * rows) bytes.
    """

    def __init__(self, rows: int, capacity: int = 65536) -> None:
        self.capacity = capacity
        self.shift, self._bins, self._counts = 0, np.empty(0, np.int32), np.zeros((rows, 0), np.int64)
        self._pending: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, scores: np.ndarray, rows: np.ndarray) -> None:
        """Count scores (n,), float32 and finite, in the rows (n,)."""
        self._pending.append((score_keys(np.atleast_1d(scores)), np.atleast_1d(rows)))
        if len(self._pending) >= MAX_PENDING:
            self._flush()

    def all_reduce(self) -> None:
        """Sum over all processes of torch.distributed; nothing without them."""
        self._flush()
        states = all_gather_object((self.shift, self._bins, self._counts))
        if len(states) > 1:
            self._counts = np.zeros_like(self._counts)
            for state in states:
                self._absorb(*state)

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """Ascending scores (n,) and their counts (rows, n); beyond the capacity a score is its bin's lower edge."""
        self._flush()
        return key_scores(self._bins << self.shift), self._counts

    def _flush(self) -> None:
        if self._pending:
            keys, rows = (np.concatenate(column) for column in zip(*self._pending, strict=True))
            self._pending.clear()
            counts = np.zeros((len(self._counts), len(keys)), np.int64)
            counts[rows, np.arange(len(keys))] = 1
            self._absorb(0, keys, counts)

    def _absorb(self, shift: int, bins: np.ndarray, counts: np.ndarray) -> None:
        finest = max(shift, self.shift)
        both = np.concatenate((self._bins >> (finest - self.shift), bins >> (finest - shift)))
        merged, index = np.unique(both, return_inverse=True)
        while len(merged) > self.capacity:
            finest += 1
            merged, coarser = np.unique(merged >> 1, return_inverse=True)
            index = coarser[index]
        total = np.zeros((len(counts), len(merged)), np.int64)
        np.add.at(total, (slice(None), index), np.concatenate((self._counts, counts), axis=1))
        self.shift, self._bins, self._counts = finest, merged, total
