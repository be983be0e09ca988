"""Images of any size, window by window: where the windows lie, and all of them through a network.

While a network has some windows, the next ones are cut and the last ones merged.
"""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.vision.tiling import Box, cut, tile_starts

from .geometry import Fitted, fit
from .network import Network
from .reading import prefetch
from .spec import NetworkSpec
from .tasks import Findings, Outputs, task_of


def usual_overlap(tile: int) -> int:
    """By how much windows of this side overlap where nothing else is said: an eighth, in pixels."""
    return tile // 8


def plan_windows(shape: tuple[int, int], tile: int, overlap: int | None = None) -> list[Box]:
    """Windows of one size that cover an image, row by row.

    A side shorter than a window gets one that reaches over its end, so that every window has the same scale.

    Args:
        shape: (H, W) of the image, in pixels.
        tile: Side of a window.
        overlap: Pixels that neighbours share at least; an eighth of the window by default. An object that is not
            larger than it lies whole in one window.

    Raises:
        UserError: The tile is not positive or too large to be padded to, or the overlap not smaller than it.
    """
    if tile < 1:
        raise UserError(f'tiles must have at least one pixel, got {tile}')
    common = usual_overlap(tile) if overlap is None else overlap
    rows, columns = (tile_starts(length, tile, 'overlap' if length > tile else 'pad', common) for length in shape)
    return [(y, x, y + tile, x + tile) for y in rows for x in columns]


@dataclass(frozen=True)
class WindowsResult:
    """What the windows of one image say together.

    Attributes:
        found: In pixels of the image.
        milliseconds: The time of preparing windows, of the network, and of merging. They overlap: their sum is more
            than the image took.
    """

    found: Findings
    milliseconds: tuple[float, float, float]


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
        UserError: The tile or the overlap cannot be (see :func:`plan_windows`), or no task is registered for the kind
            of the network.
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
    found = merger.result()
    return WindowsResult(found, (1000 * preparing, 1000 * spent, 1000 * merger.seconds))


class _Merger:
    """Decodes and merges one window after the other, and keeps the time that takes."""

    def __init__(self, spec: NetworkSpec, shape: tuple[int, int], windows: Sequence[Box]) -> None:
        self.spec, self.task, self.seconds = spec, task_of(spec.kind), 0.0
        self.collector = self.task.collector(shape, windows, spec)

    def add(self, box: Box, fitted: Fitted, outputs: Outputs) -> None:
        """Merge one window; windows come in their order."""
        start, shape = time.perf_counter(), (box[2] - box[0], box[3] - box[1])
        self.collector.add(self.task.decode(outputs, fitted, shape, self.spec), box)
        self.seconds += time.perf_counter() - start

    def result(self) -> Findings:
        """What all windows say."""
        start = time.perf_counter()
        found = self.collector.result()
        self.seconds += time.perf_counter() - start
        return found


def _prepared(image: NDArray, spec: NetworkSpec, windows: list[Box],
              count: int) -> Iterator[tuple[Box, Fitted, float]]:
    """Each window at the size of the network's input, with the seconds that took; made ahead in another thread."""
    def prepare(box: Box) -> tuple[Fitted, float]:
        start = time.perf_counter()
        return fit(cut(image, box), spec), time.perf_counter() - start

    for box, future in prefetch(prepare, windows, count):
        yield (box, *future.result())
