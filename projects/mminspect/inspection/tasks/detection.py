"""Detectors: boxes with scores and classes; the best one's score is the image's."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mminspect.inspection.geometry import Fitted
from mminspect.inspection.spec import NetworkSpec
from mminspect.inspection.suppression import suppress
from mminspect.vision.boxes import ScoredBoxes, merge_windows
from mminspect.vision.tiling import Box

from .task import Findings, Outputs, Shape, Task, TileCollector, register_task

#: Names of the network's outputs: (N, A, 4) in pixels of the input, and (N, A, classes), 0..1.
BOXES, SCORES = 'boxes', 'scores'


@register_task('detection')
class DetectionTask(Task):
    """``boxes`` (N, A, 4) and ``scores`` (N, A, classes): candidates, of which suppression leaves some."""

    tolerances: ClassVar[Mapping[str, float]] = {BOXES: 1e-2, SCORES: 1e-3}  # boxes in pixels

    def decode(self, outputs: Outputs, fitted: Fitted, shape: tuple[int, int], spec: NetworkSpec) -> Findings:
        """The boxes that remain of the candidates."""
        return _best_of(suppress(outputs[BOXES], outputs[SCORES], spec.suppression, fitted.shape, fitted.scale))

    def collector(self, shape: tuple[int, int], tiles: Sequence[Box], spec: NetworkSpec) -> TileCollector:
        """Makes one list of all boxes, every object once."""
        return _MergedBoxes(shape, spec.suppression.iou_threshold, spec.suppression.max_per_img * len(tiles))

    def shapes(self, spec: NetworkSpec) -> Mapping[str, Shape]:
        """As many candidates as the levels have; ValueError for other outputs, or without a suppression."""
        if {*spec.outputs} != {BOXES, SCORES}:
            raise ValueError(f'outputs is {spec.outputs}')
        if spec.suppression is None:
            raise ValueError('suppression is None')
        count = sum(spec.suppression.level_sizes)
        return {BOXES: (None, count, 4), SCORES: (None, count, len(spec.classes))}

    def raw_score(self, outputs: Outputs) -> float:
        """The best candidate's score."""
        return float(outputs[SCORES].max(initial=0))

    def shown(self, scores: NDArray, limit: float | None) -> NDArray[np.bool_]:
        """Boxes above the threshold; without one all. Compared in float64, as the score of the image is."""
        return super().shown(scores, limit) if limit is None else scores.astype(np.float64) > limit


class _MergedBoxes:
    """All tiles' boxes; see :func:`~mminspect.vision.boxes.merge_windows` for what becomes of cut ones."""

    def __init__(self, shape: tuple[int, int], iou_threshold: float, most: int) -> None:
        self.shape, self.iou_threshold, self.most = shape, iou_threshold, most
        self.found: list[ScoredBoxes] = []
        self.tiles: list[Box] = []

    def add(self, found: Findings, tile: Box) -> None:
        """Take the boxes of the next tile."""
        self.found.append(found.detections)
        self.tiles.append(tile)

    def result(self) -> Findings:
        """The boxes of the image."""
        return _best_of(merge_windows(self.found, self.tiles, self.shape, self.iou_threshold, self.most))


def _best_of(found: ScoredBoxes) -> Findings:
    """The boxes with the best one's score, 0 without a box."""
    return Findings(float(found.scores.max(initial=0)), found)
