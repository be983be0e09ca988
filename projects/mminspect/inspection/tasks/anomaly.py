"""Anomaly models: a score and, of most, a map, whose regions above the limit of normal pixels are the defects."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from mminspect.decisions import Calibration
from mminspect.inspection.geometry import Fitted, map_to_image
from mminspect.inspection.network import Network
from mminspect.inspection.spec import NetworkSpec
from mminspect.vision.regions import find_regions
from mminspect.vision.tiling import Box, Canvas

from .task import Findings, Outputs, Shape, Task, TileCollector, register_task

#: Names of the network's outputs: (N, H, W) and (N,). A network may have the score alone.
MAP, SCORE = 'anomaly_map', 'pred_score'


@register_task('anomaly')
class AnomalyTask(Task):
    """``pred_score`` (N,) and, of most, ``anomaly_map`` (N, h, w) at the size of the network's input."""

    tolerances: ClassVar[Mapping[str, float]] = {MAP: 1e-3, SCORE: 1e-3}

    def decode(self, outputs: Outputs, fitted: Fitted, shape: tuple[int, int], spec: NetworkSpec) -> Findings:
        """Score, and the map at the size of the image."""
        heat = map_to_image(outputs[MAP], fitted, shape) if MAP in outputs else None
        return Findings(float(outputs[SCORE]), anomaly_map=heat)

    def collector(self, shape: tuple[int, int], tiles: Sequence[Box], spec: NetworkSpec) -> TileCollector:
        """Takes the largest score and blends the maps."""
        return _BlendedMaps(Canvas(shape, list(tiles)) if MAP in spec.outputs else None)

    def raw_score(self, outputs: Outputs) -> float:
        """``pred_score``."""
        return float(outputs[SCORE])

    def shapes(self, spec: NetworkSpec) -> Mapping[str, Shape]:
        """A score and, of most, a map of the input's size; ValueError for other outputs."""
        if spec.outputs not in ((MAP, SCORE), (SCORE, MAP), (SCORE,)):
            raise ValueError(f'outputs is {spec.outputs}')
        return {MAP: (None, *spec.input_size), SCORE: (None,)}

    def locate(self, found: Findings, calibration: Calibration | None) -> Findings:
        """Adds the regions of the map above the limit of normal pixels; none if the model knows no such limit."""
        if found.anomaly_map is None or calibration is None or calibration.fused is None:
            return found
        return replace(found, detections=find_regions(found.anomaly_map, calibration.fused.limit))

    def test_metrics(self, spec: NetworkSpec) -> tuple[str, ...]:
        """AUROC of images and, where there is a map, of pixels."""
        return ('image_auroc', 'pixel_auroc') if MAP in spec.outputs else ('image_auroc',)

    def exportable(self, network: Network) -> Network:
        """The score alone where the model says that its map cannot be exported, which is logged.

        Raises:
            UserError: The model says that it cannot be exported at all.
        """
        from mminspect.inspection.networks.anomaly import AnomalyNetwork, exportable  # loads torch
        if not isinstance(network.module, AnomalyNetwork):  # a module without a model that could say what it lacks
            return network
        return exportable(network)


class _BlendedMaps:
    """The largest score of all tiles and, where there are maps, one map blended where tiles overlap."""

    def __init__(self, canvas: Canvas | None) -> None:
        self.canvas, self.score = canvas, -np.inf

    def add(self, found: Findings, tile: Box) -> None:
        """Take the next tile; tiles come in the order of the canvas."""
        self.score = max(self.score, found.score)
        if self.canvas is not None:
            self.canvas.add(found.anomaly_map, tile)

    def result(self) -> Findings:
        """Score and map of the image."""
        return Findings(self.score, anomaly_map=None if self.canvas is None else self.canvas.map)
