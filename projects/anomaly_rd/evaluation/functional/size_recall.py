"""Recall of defect regions by their size."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .pro import rank_pixels
from .ranking import Ranking
from .regions import checked_maps, label_regions

SIZE_EDGES = (0, 8, 16, 32)


def recall_by_size(maps: Sequence[np.ndarray], masks: Sequence[np.ndarray], threshold: float | None = None,
                   fpr: float = 0.01, edges: Sequence[float] = SIZE_EDGES) -> dict[str, float]:
    """Share of the defect regions that are found, by size.

    A region is found if at least half of its pixels score at or above the threshold. Its size is the side of the square
    of equal area, in pixels of the mask.

    Args:
        maps: (N, H, W) or N arrays (H_i, W_i) of finite scores, larger is more anomalous.
        masks: As the maps, non-zero on defects.
        threshold: Score; None for the lowest one at which at most the share ``fpr`` of all normal pixels is found.
        fpr: See above; in 0..1.
        edges: Ascending lower edges of the size bins; the last bin is open.

    Returns:
        Recall in 0..1 by bin (``recall_8_16``, ``recall_32_up``); NaN for a bin without regions.

    Raises:
        UserError: If a score is NaN or infinite, or maps and masks do not fit.
    """
    if threshold is None:
        threshold = score_at_fpr(rank_pixels(maps, masks), fpr)
    found, total = np.zeros(len(edges)), np.zeros(len(edges))
    for scores, mask in checked_maps(maps, masks):
        labels, sizes = label_regions(mask)
        index = size_bins(sizes, edges)
        np.add.at(total, index, 1)
        np.add.at(found, index, half_scores(scores, labels, sizes) >= threshold)
    with np.errstate(invalid='ignore'):
        return dict(zip(bin_names(edges), (found / total).tolist(), strict=True))


def half_scores(scores: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """(R,) for every region the highest threshold at which at least half of it is covered.

    Args:
        scores: (H, W).
        labels: (H, W) int, 1..R on the regions.
        sizes: (R,) pixels of every region.
    """
    where = np.flatnonzero(labels)
    scores, labels = scores.ravel()[where], labels.ravel()[where]
    ordered = scores[np.lexsort((scores, labels))]  # region by region, ascending
    return ordered[np.cumsum(sizes) - (sizes + 1) // 2]


def size_bins(sizes: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """(R,) index of the bin of every region of ``sizes`` pixels; the smallest regions belong to the first bin."""
    return np.maximum(np.searchsorted(edges, np.sqrt(sizes), side='right') - 1, 0)


def bin_names(edges: Sequence[float]) -> list[str]:
    """``recall_0_8`` ... ``recall_32_up``."""
    return [f'recall_{low:g}_{high}' for low, high in zip(edges, [*(f'{e:g}' for e in edges[1:]), 'up'], strict=True)]


def score_at_fpr(ranking: Ranking, fpr: float) -> float:
    """The lowest score at which at most the share ``fpr`` of the normal samples is found; infinite where none is."""
    if not len(ranking.scores):
        return float('inf')
    last = np.searchsorted(ranking.normal, fpr * ranking.normal[-1], side='right') - 1
    return float(ranking.scores[last]) if last >= 0 else float('inf')
