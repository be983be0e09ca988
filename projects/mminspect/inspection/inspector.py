"""One inspection for every model, whatever its task, exported or not, of whole images and of tiles."""
from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration, Threshold

from .geometry import Fitted, fit
from .network import Network
from .reading import Loaded, Source, load, prefetch
from .result import STAGES, InspectionResult, ModelInfo
from .tasks import Findings, task_of
from .windows import inspect_windows, plan_windows, usual_overlap

#: Is told the name of an image that cannot be read, and why.
OnError = Callable[[str, UserError], None]


@dataclass(frozen=True)
class _Prepared:
    """An image on its way into the network; ``fitted`` is None where it is still to be cut into tiles."""

    loaded: Loaded
    fitted: Fitted | None
    milliseconds: float


class Inspector:
    """Inspects images with one model; :func:`~mminspect.inspection.load_inspector` makes it from a file.

    Example::

        inspector = load_inspector('model.onnx')
        result = inspector('part.png')
        print(result.score, result.is_defect, result.detections.boxes)

    One inspector belongs to one thread.

    Args:
        network: What computes. Its spec says how images get in, and holds the calibration.
        tile: Side of the tiles that images are cut into, in pixels of the image; by default as the model was
            calibrated, else the spec's, which is None for models that see the whole image. 0: images are not cut.
        overlap: Pixels of the image that neighbouring tiles share at least; by default what belongs to the tile, an
            eighth of one that is given.

    Raises:
        UserError: The calibration is damaged, tile and overlap do not fit each other, or no task is registered for the
            kind of the model.

    Attributes:
        spec: The description of the network.
        task: What its outputs mean.
        tile: The side of the tiles that are used; None: images are not cut.
        overlap: The overlap that is used; None without tiles.
        calibration: What normal images are like, or None.
        model: What results say about the model and these tiles.
    """

    def __init__(self, network: Network, tile: int | None = None, overlap: int | None = None) -> None:
        self.network, self.spec = network, network.spec
        self.task, state = task_of(self.spec.kind), self.spec.calibration
        self.calibration = None if state is None else Calibration.from_state(state)
        self.tile, self.overlap = self._tiles(tile, overlap)
        self._threshold = self.calibration and self.calibration.threshold
        self.model = ModelInfo(self.spec.name, self.spec.kind, self.spec.classes, self.spec.fingerprint,
                               network.runtime, network.precision, self.tile, self.overlap)

    def _tiles(self, tile: int | None, overlap: int | None) -> tuple[int | None, int | None]:
        """Side and overlap of the tiles; None and None: images are not cut."""
        if tile is None:
            tile, usual = self.spec.tiles
            overlap = usual if overlap is None else overlap
        if not tile:
            if overlap is not None:
                raise UserError(f'an overlap of {overlap} belongs to tiles: give the side of a tile too')
            return None, None
        plan_windows((1, 1), tile, overlap)  # a mistake is told now, not with the first image
        return tile, usual_overlap(tile) if overlap is None else overlap

    @property
    def sees_otherwise(self) -> bool:
        """Whether images are cut into other tiles than those of the calibration, whose threshold means nothing then."""
        known = self.calibration
        return known is not None and (self.tile, self.overlap) != (known.tile or None, known.overlap)

    @property
    def threshold(self) -> Threshold | None:
        """Scores above it are defects; may be set, also to a number."""
        return self._threshold

    @threshold.setter
    def threshold(self, value: Threshold | float | None) -> None:
        if value is not None and not isinstance(value, Threshold):
            if not math.isfinite(value):
                raise UserError(f'a threshold must be a finite number, got {value}')
            value = Threshold(float(value), 'given', 0, 'fixed')
        self._threshold = value

    def __call__(self, image: Source, name: str | None = None) -> InspectionResult:
        """Inspect one image.

        Args:
            image: Path of a file, or an array (H, W, 3) in RGB order or (H, W), uint8 or uint16.
            name: What the result calls the image; by default its path.

        Raises:
            UserError: The image is missing, damaged or of another type or shape; or the model gives NaN.
        """
        return self._inspect([self._prepare((image, name or _name(image, 0)))], batch=1)[0]

    def many(self, images: Iterable[Source], batch: int = 1, names: Sequence[str] | None = None,
             on_error: OnError | None = None) -> Iterator[InspectionResult]:
        """Inspect images in order; while some are in the network, another thread reads the next ones.

        Args:
            images: Paths or arrays as for a call; they are taken as they are needed.
            batch: Number of images, or of tiles of one image, that go through the network at a time. The memory that
                waiting images take is bounded by it.
            names: What the results call the images; by default their paths.
            on_error: A function that is told of images that cannot be read, which are then left out; without it they
                raise.

        Raises:
            UserError: An image or the model fails as in a call, or ``batch`` is less than 1.
        """
        return (result for _, result in self.pairs(images, batch, names, on_error))

    def pairs(self, images: Iterable[Source], batch: int = 1, names: Sequence[str] | None = None,
              on_error: OnError | None = None) -> Iterator[tuple[NDArray, InspectionResult]]:
        """As :meth:`many`, with the pixels (H, W, 3) of each image, so that they need not be read again."""
        if batch < 1:
            raise UserError(f'batch must be at least 1, got {batch}')
        items = ((image, _name(image, number) if names is None else names[number])
                 for number, image in enumerate(images))
        size = batch if self.tile is None else 1
        prepared = self._readable(items, size, on_error)
        while group := list(islice(prepared, size)):
            results = self._inspect(group, batch)
            yield from ((one.loaded.pixels, result) for one, result in zip(group, results, strict=True))

    def _readable(self, items: Iterable[tuple[Source, str]], count: int,
                  on_error: OnError | None) -> Iterator[_Prepared]:
        for (_, name), future in prefetch(self._prepare, items, count):
            try:
                yield future.result()
            except UserError as error:
                if on_error is None:
                    raise
                on_error(name, error)

    def _prepare(self, item: tuple[Source, str]) -> _Prepared:
        loaded, start = load(*item, self.spec.reading), time.perf_counter()
        fitted = fit(loaded.pixels, self.spec) if self.tile is None else None
        return _Prepared(loaded, fitted, _since(start))

    def _inspect(self, group: Sequence[_Prepared], batch: int) -> list[InspectionResult]:
        if self.tile is not None:
            return [self._inspect_tiles(one, batch) for one in group]
        start = time.perf_counter()
        outputs = self.network(np.stack([one.fitted.pixels for one in group]))
        spent = _since(start) / len(group)
        return [self._inspect_whole(one, {name: values[row] for name, values in outputs.items()}, spent)
                for row, one in enumerate(group)]

    def _inspect_whole(self, one: _Prepared, outputs: dict[str, NDArray], spent: float) -> InspectionResult:
        """From one row of the network's outputs."""
        start = time.perf_counter()
        found = self.task.decode(outputs, one.fitted, one.loaded.pixels.shape[:2], self.spec)
        found = self.task.locate(found, self.calibration)
        return self._judge(one.loaded, found, (one.milliseconds, spent, _since(start)))

    def _inspect_tiles(self, one: _Prepared, batch: int) -> InspectionResult:
        merged = inspect_windows(one.loaded.pixels, self.network, self.tile, self.overlap, batch)
        start, (preparing, network, merging) = time.perf_counter(), merged.milliseconds
        found = self.task.locate(merged.found, self.calibration)
        return self._judge(one.loaded, found, (preparing, network, merging + _since(start)))

    def _judge(self, loaded: Loaded, found: Findings, milliseconds: Sequence[float]) -> InspectionResult:
        score, limit = found.score, self._threshold
        if not math.isfinite(score):
            raise UserError(f'the score of {loaded.name} is {score}: the model has diverged, train it with a lower '
                            'learning rate')
        return InspectionResult(
            loaded.name, loaded.pixels.shape[:2], score, None if limit is None else score > limit.value, limit,
            found.detections, found.anomaly_map, self.model,
            dict(zip(STAGES, (loaded.milliseconds, *milliseconds), strict=True)))


def _name(image: Source, number: int) -> str:
    return str(image) if isinstance(image, (str, Path)) else f'array {number}'


def _since(start: float) -> float:
    """Milliseconds."""
    return 1000 * (time.perf_counter() - start)
