"""What an inspection says about one image, whichever model made it and wherever it ran."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mminspect.decisions import Threshold
from mminspect.vision.boxes import ScoredBoxes

#: Stages of an inspection that are timed, in order.
STAGES = ('decode', 'preprocess', 'network', 'postprocess')


@dataclass(frozen=True)
class ModelInfo:
    """Which model it was, and how it looked at images.

    Attributes:
        name: Name of its config, without suffix.
        kind: 'anomaly', 'detection', or that of another task (see :mod:`mminspect.inspection.tasks`).
        classes: Names of the labels; ``('defect',)`` for an anomaly model.
        fingerprint: The first 16 hexadecimal digits of a SHA-256 over weights and config.
        runtime: 'pytorch', 'onnxruntime', 'openvino', or the name of another that is registered.
        precision: The numbers that the runtime computed in, 'f32' or 'bf16'.
        tile: Side in pixels of the tiles that images were cut into; None: they were not.
        overlap: Pixels that neighbouring tiles shared at least; None without tiles.
    """

    name: str
    kind: str
    classes: tuple[str, ...]
    fingerprint: str
    runtime: str
    precision: str = 'f32'
    tile: int | None = None
    overlap: int | None = None


@dataclass(frozen=True)
class InspectionResult:
    """Everything that is known about one inspected image.

    Attributes:
        image: Path of the file, or the name that the caller gave.
        shape: (H, W) of the image in pixels.
        score: Larger is more suspicious. For a detector the largest score of a box, 0 without one; for an anomaly model
            its ``pred_score``, for a tiled image the largest of its tiles.
        is_defect: Whether the score exceeds the threshold; None without a threshold.
        threshold: The limit of the score, with its origin; None if the model has none.
        detections: Boxes in pixels of the image, by descending score. For a detector those that it is sure of, scores
            0..1; for an anomaly model the regions of its map above the limit of normal pixels, with the largest value
            inside, none if the model knows no such limit. Labels are places in the classes of the model.
        anomaly_map: (H, W) float32 in pixels of the image, larger is more anomalous, never scaled per image; None for
            a detector and for an export of the score alone.
        model: Which model it was.
        milliseconds: The time of each of :data:`STAGES`.
    """

    image: str
    shape: tuple[int, int]
    score: float
    is_defect: bool | None
    threshold: Threshold | None
    detections: ScoredBoxes
    anomaly_map: NDArray[np.float32] | None
    model: ModelInfo
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """All but the map as plain numbers, strings and lists, ready for JSON."""
        found, model = self.detections, self.model
        boxes = [dict(box=[round(float(v), 2) for v in box], score=float(score), label=model.classes[label])
                 for box, score, label in zip(found.boxes, found.scores, found.labels, strict=True)]
        limit = self.threshold and dict(value=self.threshold.value, origin=self.threshold.origin,
                                        count=self.threshold.count, rule=self.threshold.rule)
        return dict(image=self.image, height=self.shape[0], width=self.shape[1], score=self.score,
                    is_defect=self.is_defect, threshold=limit, boxes=boxes, model=model.name, kind=model.kind,
                    fingerprint=model.fingerprint, runtime=model.runtime, precision=model.precision, tile=model.tile,
                    overlap=model.overlap,
                    milliseconds={key: round(value, 3) for key, value in self.milliseconds.items()})
