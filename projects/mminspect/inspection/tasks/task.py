"""The interface of a task: from the outputs of a network to what was found, and how that is merged and shown."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.decisions import Calibration, MapScale
from mminspect.inspection.drawing import draw_boxes, draw_map
from mminspect.inspection.geometry import Fitted
from mminspect.inspection.network import Network
from mminspect.inspection.registry import ClassRegistry
from mminspect.inspection.result import InspectionResult
from mminspect.inspection.spec import NetworkSpec
from mminspect.vision.boxes import ScoredBoxes
from mminspect.vision.tiling import Box

#: Outputs of one image by name: rows of what a network gives for a batch.
Outputs = Mapping[str, NDArray[np.float32]]
#: Sides of an array; None for one that is not fixed, such as the number of images.
Shape = tuple[int | None, ...]

_TASKS: ClassRegistry[type[Task]] = ClassRegistry('kind of model')


@dataclass(frozen=True)
class Findings:
    """What a network says about one image, or about one tile of it.

    Attributes:
        score: Larger is more suspicious.
        detections: Boxes in pixels of the image or tile, by descending score.
        anomaly_map: (H, W) float32 in pixels of the image or tile; None for a model without maps.
    """

    score: float
    detections: ScoredBoxes = field(default_factory=ScoredBoxes.none)
    anomaly_map: NDArray[np.float32] | None = None


class TileCollector(Protocol):
    """Merges what was found in the tiles of one image, one after the other, so that memory need not hold all."""

    def add(self, found: Findings, tile: Box) -> None:
        """Take what was found in the tile (y0, x0, y1, x1), in pixels of that tile."""

    def result(self) -> Findings:
        """What all tiles say together, in pixels of the image."""


class Task(ABC):
    """What the outputs of models of one kind mean. It has no state: one object serves all models of its kind.

    Attributes:
        tolerances: By how much an output of an exported network may differ from PyTorch's, by name of the output.
    """

    tolerances: ClassVar[Mapping[str, float]]

    @abstractmethod
    def decode(self, outputs: Outputs, fitted: Fitted, shape: tuple[int, int], spec: NetworkSpec) -> Findings:
        """What was found in an image or tile of the shape (H, W).

        Args:
            outputs: What the network gives for it.
            fitted: The image as the network has seen it.
            shape: (H, W) of the image in pixels.
            spec: The description of the network.
        """

    @abstractmethod
    def collector(self, shape: tuple[int, int], tiles: Sequence[Box], spec: NetworkSpec) -> TileCollector:
        """A fresh collector for the tiles of one image of the shape (H, W)."""

    @abstractmethod
    def raw_score(self, outputs: Outputs) -> float:
        """A score of one image from its outputs alone: quantised networks are compared by it."""

    def shapes(self, spec: NetworkSpec) -> Mapping[str, Shape]:
        """Shapes of the outputs that follow from the description of a network, as far as that is known; here nothing
        is.

        Raises:
            ValueError: The description is not one of this kind of model; the message says why.
        """
        return {}

    def locate(self, found: Findings, calibration: Calibration | None) -> Findings:
        """What was found in a whole image, with the places that follow from the calibration added; here none do."""
        return found

    def shown(self, scores: NDArray, limit: float | None) -> NDArray[np.bool_]:
        """Which boxes are drawn and counted, (n,); here all are.

        Args:
            scores: (n,), the scores of the boxes.
            limit: The threshold on scores; None: there is none.
        """
        return np.ones(len(scores), bool)

    def draw(self, picture: NDArray[np.uint8], result: InspectionResult, scale: MapScale | None,
             factor: float) -> NDArray[np.uint8]:
        """The picture with what was found drawn on it; here map, contour and the boxes that are :meth:`shown`.

        Args:
            picture: (h, w, 3), RGB; it may be changed.
            result: What is known about its image.
            scale: The colour scale of maps from the model's calibration, or None.
            factor: Pixels of the picture per pixel of the image, at most 1.
        """
        if result.anomaly_map is not None and scale is not None:
            picture = draw_map(picture, result.anomaly_map, scale, factor)
        found, limit = result.detections, result.threshold and result.threshold.value
        kept = self.shown(found.scores, limit)
        draw_boxes(picture, ScoredBoxes(*(values[kept] for values in found)), result.model.classes, factor)
        return picture

    def cells(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Cells of the CSV table that are not what the line says: here the number of boxes that are :meth:`shown`.

        Args:
            line: As :meth:`InspectionResult.as_dict` gives it.
        """
        scores = np.array([box['score'] for box in line['boxes']], float)
        return dict(boxes=int(self.shown(scores, line['threshold'] and line['threshold']['value']).sum()))

    def test_metrics(self, spec: NetworkSpec) -> tuple[str, ...]:
        """Names of the metrics that tell on the test set what quantisation costs; none: scores are compared alone."""
        return ()

    def exportable(self, network: Network) -> Network:
        """The same network on PyTorch, or as much of it as standard operators can compute; here all of it.

        Raises:
            UserError: They can compute nothing of it.
        """
        return network


def register_task(kind: str) -> Callable[[type[Task]], type[Task]]:
    """Decorator of a class: it says what models mean whose spec names this ``kind``.

    Raises:
        UserError: Another class has the kind.
    """
    return _TASKS.register(kind)


def task_of(kind: str) -> Task:
    """The task of a kind of model.

    Raises:
        UserError: No class is registered for it.
    """
    found = _TASKS.get(kind)
    if found is None:
        raise UserError(f'a model of kind {kind!r} is unknown here (known are {", ".join(_TASKS)}): import the module '
                        'that registers a task for it')
    return found()
