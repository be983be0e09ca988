"""All windows of one image through a network, while the next ones are cut and the last ones merged."""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mminspect.inspection.geometry import Fitted, fit, map_to_image
from mminspect.inspection.network import Network
from mminspect.inspection.reading import prefetch
from mminspect.inspection.spec import NetworkSpec
from mminspect.inspection.suppression import suppress
from mminspect.vision.boxes import ScoredBoxes, merge_windows
from mminspect.vision.tiling import Box, Canvas, cut

from .windows import plan_windows


@dataclass(frozen=True)
class WindowsResult:
    """What the windows of one image say together.

    Attributes:
        score: Of an anomaly model the largest of all windows; of a detector the largest of a box, 0 without one.
        anomaly_map: (H, W) float32, blended where windows overlap; None for a detector or an export of the score alone.
        detections: Boxes of a detector, in pixels of the image; none for an anomaly model.
        milliseconds: Of preparing windows, of the network, and of merging. They overlap in time: their sum is more than
            the image took.
    """

    score: float
    anomaly_map: NDArray[np.float32] | None
    detections: ScoredBoxes
    milliseconds: tuple[float, float, float]


class _Merger:
    """Takes the outputs of one window after the other."""

    def __init__(self, spec: NetworkSpec, shape: tuple[int, int], windows: list[Box]) -> None:
        self.spec, self.shape, self.windows = spec, shape, windows
        has_map = spec.kind == 'anomaly' and 'anomaly_map' in spec.outputs
        self.canvas = Canvas(shape, windows) if has_map else None
        self.score, self.found, self.seconds = -np.inf, [], 0.0

    def add(self, box: Box, fitted: Fitted, outputs: dict[str, NDArray[np.float32]]) -> None:
        """Merge one window; windows come in their order."""
        start = time.perf_counter()
        if self.spec.kind == 'detection':
            self.found.append(suppress(outputs['boxes'], outputs['scores'], self.spec.suppression, fitted.shape,
                                       fitted.scale))
        else:
            self.score = max(self.score, float(outputs['pred_score']))
            if self.canvas is not None:
                size = box[2] - box[0], box[3] - box[1]
                self.canvas.add(map_to_image(outputs['anomaly_map'], fitted, size), box)
        self.seconds += time.perf_counter() - start

    def result(self, preparing: float, network: float) -> WindowsResult:
        """Of all windows; seconds of the other stages."""
        start, detections, score = time.perf_counter(), ScoredBoxes.none(), self.score
        if self.spec.kind == 'detection':
            limits = self.spec.suppression
            detections = merge_windows(self.found, self.windows, self.shape, limits.iou_threshold,
                                       limits.max_per_img * len(self.windows))
            score = float(detections.scores.max(initial=0))
        merging = self.seconds + time.perf_counter() - start
        heat = None if self.canvas is None else self.canvas.map
        return WindowsResult(score, heat, detections, (1000 * preparing, 1000 * network, 1000 * merging))


def inspect_windows(image: NDArray, network: Network, tile: int, overlap: int | None = None,
                    batch: int = 1) -> WindowsResult:
    """Inspect an image of any size window by window.

    Beyond the image and one map of its size, memory holds a few batches of windows, whatever the size of the image.

    Args:
        image: (H, W, 3), RGB, uint8 or float32 of 0..255.
        network: Sees every window at its own input size.
        tile: Side of the windows, in pixels of the image.
        overlap: See :func:`plan_windows`.
        batch: Windows that go through the network at a time.

    Raises:
        UserError: As :func:`plan_windows`.
    """
    windows = plan_windows(image.shape[:2], tile, overlap)
    merger, spent, preparing = _Merger(network.spec, image.shape[:2], windows), 0.0, 0.0
    merging: deque[Future[None]] = deque()
    prepared = _prepared(image, network.spec, windows, 2 * batch)
    with ThreadPoolExecutor(1, 'inspection-merger') as pool:
        while group := list(islice(prepared, batch)):
            preparing += sum(seconds for _, _, seconds in group)
            start = time.perf_counter()
            outputs = network(np.stack([fitted.pixels for _, fitted, _ in group]))
            spent += time.perf_counter() - start
            for row, (box, fitted, _) in enumerate(group):
                merging.append(pool.submit(merger.add, box, fitted, {k: v[row] for k, v in outputs.items()}))
            while len(merging) > batch:  # at most a batch waits to be merged
                merging.popleft().result()
        for future in merging:
            future.result()
    return merger.result(preparing, spent)


def _prepared(image: NDArray, spec: NetworkSpec, windows: list[Box],
              count: int) -> Iterator[tuple[Box, Fitted, float]]:
    """Each window at the size of the network's input, with the seconds that took; made ahead in another thread."""
    def prepare(box: Box) -> tuple[Fitted, float]:
        start = time.perf_counter()
        return fit(cut(image, box), spec), time.perf_counter() - start

    for box, future in prefetch(prepare, windows, count):
        yield (box, *future.result())
