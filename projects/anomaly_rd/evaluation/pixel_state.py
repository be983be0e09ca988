"""What the pixel metrics need to know of the images, in memory of constant size."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dist import all_reduce

from mminspect.core.errors import UserError

from .functional.pro import image_pro_auc
from .functional.ranking import Ranking
from .functional.regions import label_regions
from .functional.size_recall import bin_names, half_scores, score_at_fpr, size_bins
from .histogram import ScoreHistogram
from .score_counts import ScoreCounts
from .score_keys import pixel_keys

REGION_WEIGHT = 1 << 40  # what one region weighs in the overlap, as an integer: sums do not depend on their order
MAX_REGIONS = 1 << 22
PIXELS_PER_CHUNK = 1 << 15  # pixels that are counted at once, so that their keys stay in the processor's cache


class PixelState:
    """Sums over images for AUROC, AP, F1, AUPRO and recall by size. Integers only: the same in every order.

    Args:
        edges: Lower edges of the size bins of recall, pixels.
        per_image: Whether to sum the per-image AUPRO as well.
    """

    def __init__(self, edges: Sequence[float], per_image: bool = False) -> None:
        self.edges, self.per_image = tuple(edges), per_image
        self.histogram = ScoreHistogram()
        self.region_scores = ScoreCounts(rows=len(self.edges) or 1)
        self.sums = np.zeros(3, np.int64)  # regions, images with regions, their AUPRO in units

    def add(self, scores: np.ndarray, mask: np.ndarray) -> None:
        """Count one image: float32 scores (H, W), finite, and its mask (H, W), non-zero on defects."""
        where, weights = np.empty(0, np.int64), np.empty(0, np.int64)
        if mask.any():
            labels, sizes = label_regions(mask)
            where = np.flatnonzero(mask)
            weights = np.round(REGION_WEIGHT / sizes).astype(np.int64)[labels.ravel()[where] - 1]
            self._add_regions(scores, mask, labels, sizes)
        flat = scores.ravel()
        cuts = np.searchsorted(where, range(0, len(flat) + PIXELS_PER_CHUNK, PIXELS_PER_CHUNK))
        for start, first, last in zip(range(0, len(flat), PIXELS_PER_CHUNK), cuts[:-1], cuts[1:], strict=False):
            self.histogram.add(flat[start:start + PIXELS_PER_CHUNK], where[first:last] - start, weights[first:last])

    def all_reduce(self) -> None:
        """Sum over all processes of torch.distributed; nothing without them."""
        self.histogram.all_reduce()
        self.region_scores.all_reduce()
        all_reduce(torch.from_numpy(self.sums))

    def ranking(self, keep_fpr: float) -> Ranking:
        """See :meth:`ScoreHistogram.ranking`.

        Raises:
            UserError: If the masks hold more regions than the sums can.
        """
        if self.sums[0] > MAX_REGIONS:
            raise UserError(f'The masks hold {self.sums[0]} separate regions, more than the {MAX_REGIONS} that can be '
                            'counted; most are probably specks of noise, so clean the masks.')
        return self.histogram.ranking(keep_fpr)

    def aupro_per_image(self) -> float:
        """Mean per-image AUPRO of the images with a region; NaN without any."""
        return float(self.sums[2] / REGION_WEIGHT / self.sums[1]) if self.sums[1] else float('nan')

    def recall(self, ranking: Ranking, fpr: float, threshold: float | None = None) -> dict[str, float]:
        """See :func:`recall_by_size`; the threshold is the lower edge of a bin of the histogram."""
        if not self.edges:
            return {}
        lowest = score_at_fpr(ranking, fpr) if threshold is None else pixel_keys(np.array([threshold], np.float32))[0]
        scores, counts = self.region_scores.read()
        found = counts[:, pixel_keys(scores) >= lowest].sum(axis=1)
        with np.errstate(invalid='ignore'):
            return dict(zip(bin_names(self.edges), (found / counts.sum(axis=1)).tolist(), strict=True))

    def _add_regions(self, scores: np.ndarray, mask: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> None:
        if self.edges:
            self.region_scores.add(half_scores(scores, labels, sizes), size_bins(sizes, self.edges))
        pro = image_pro_auc(scores, mask) if self.per_image else 0.0
        self.sums += (len(sizes), 1, round(pro * REGION_WEIGHT))
