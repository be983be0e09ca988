"""False alarms and misses at a model's threshold, picture by picture: what a line sees of it."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from anomaly_rd.datasets.listing import check_mask_size
from mminspect.core.errors import UserError
from mminspect.inspection import Inspector
from mminspect.vision.images import read_mask

#: Pixels around a defect that it is compared with.
RING = 8


@dataclass(frozen=True)
class Verdict:
    """One picture, what it is and what the model calls it.

    Attributes:
        image: Path of the file.
        kind: 'good' or the name of the defect.
        score: Of the picture.
        threshold: That the score was compared with.
        located: Whether the map is above the limit of normal pixels somewhere on the defect; None of a good picture,
            and where mask or map are missing.
        area: Pixels of the defect; None where no mask is known.
        contrast: By how much, in grey levels (0..255), the mean of the defect differs from that of the :data:`RING`
            around it; None likewise.
    """

    image: str
    kind: str
    is_defective: bool
    score: float
    threshold: float
    located: bool | None = None
    area: int | None = None
    contrast: float | None = None

    @property
    def called_defective(self) -> bool:
        """The model's decision: the score is above the threshold."""
        return self.score > self.threshold

    @property
    def is_mistake(self) -> bool:
        """A false alarm or a miss."""
        return self.called_defective != self.is_defective


def verdicts(inspector: Inspector, items: Iterable[dict[str, Any]]) -> Iterator[Verdict]:
    """Inspect pictures whose truth is known.

    Args:
        inspector: A calibrated model.
        items: ``img_path``, ``gt_label``, ``defect_type`` and ``mask_path`` of each, as
            :class:`~anomaly_rd.datasets.layouts.Layout` has them.

    Raises:
        UserError: The model has no threshold, or a file cannot be read.
    """
    if inspector.threshold is None:
        raise UserError('the model has no threshold, so that nothing can be called good or defective: calibrate it '
                        '(mminspect calibrate)')
    limit = inspector.calibration and inspector.calibration.fused and inspector.calibration.fused.limit
    by_path = {item['img_path']: item for item in items}
    for pixels, result in inspector.pairs([Path(path) for path in by_path], 1, list(by_path)):
        item = by_path[result.image]
        seen: dict[str, Any] = {}
        if item['mask_path'] is not None:
            mask = read_mask(item['mask_path']) > 0
            check_mask_size(item['mask_path'], mask.shape, result.image, pixels.shape[:2])
            seen = dict(area=int(mask.sum()), contrast=contrast(pixels, mask))
            if result.anomaly_map is not None and limit is not None:
                seen['located'] = bool((result.anomaly_map[mask] > limit).any())
        yield Verdict(result.image, item['defect_type'], bool(item['gt_label']), result.score,
                      inspector.threshold.value, **seen)


def contrast(pixels: NDArray, mask: NDArray[np.bool_]) -> float:
    """Difference of the mean grey values in a mask and around it.

    Args:
        pixels: (H, W, 3), RGB, 0..255.
        mask: (H, W), True on the defect.

    Returns:
        In grey levels; NaN where one of the two areas is empty.
    """
    grey = np.asarray(pixels, np.float64) @ (0.299, 0.587, 0.114)
    around = cv2.dilate(mask.astype(np.uint8), np.ones((2 * RING + 1, 2 * RING + 1), np.uint8)).astype(bool) & ~mask
    return abs(grey[mask].mean() - grey[around].mean()) if mask.any() and around.any() else float('nan')


def rows(found: Sequence[Verdict]) -> list[tuple[str, int, int, int, int | None]]:
    """A row for each kind, in the order in which they come: kind, pictures, called good, called defective, and located
    (see :class:`Verdict`; None where nobody knows)."""
    table = []
    for kind in dict.fromkeys(verdict.kind for verdict in found):
        own = [verdict for verdict in found if verdict.kind == kind]
        known = [verdict.located for verdict in own if verdict.located is not None]
        defective = sum(verdict.called_defective for verdict in own)
        table.append((kind, len(own), len(own) - defective, defective, sum(known) if known else None))
    return table


def explain(mistake: Verdict, found: Sequence[Verdict]) -> str:
    """Which picture is called otherwise than it is, by how much, and how it differs from those of its kind that are
    not."""
    name = '/'.join(Path(mistake.image).parts[-2:])
    of_threshold = f'{100 * mistake.score / mistake.threshold:.0f} % of the threshold' if mistake.threshold > 0 else (
        f'{mistake.score:.3g}, the threshold {mistake.threshold:.3g}')
    words = f'{name} is called {"defective" if mistake.called_defective else "good"}: its score is {of_threshold}'
    others = [verdict for verdict in found if verdict.kind == mistake.kind and not verdict.is_mistake]
    if mistake.area is None or not others:
        return words
    area, grey = (float(np.median([getattr(verdict, name) for verdict in others])) for name in ('area', 'contrast'))
    return (f'{words}; its defect has {mistake.area} pixels and is {mistake.contrast:.0f} grey levels off its '
            f'surroundings, those of its kind that are found have {area:.0f} and {grey:.0f} (median)')
