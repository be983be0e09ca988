"""Anomaly maps and decisions for images, in three lines of Python."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from anomaly_rd.registry import INFERENCERS
from mminspect.core.errors import UserError
from mminspect.core.fileio import replacing
from mminspect.core.names import fitting_name
from mminspect.inspection.load import load_inspector
from mminspect.inspection.output.overlay import draw_overlay
from mminspect.inspection.result import InspectionResult
from mminspect.vision.images import encode_png

from .inputs import Input, as_sources

if TYPE_CHECKING:
    from mmengine.config import Config

Pair = tuple[NDArray, InspectionResult]


@INFERENCERS.register_module()
class AnomalyInferencer:
    """Score images with a trained model: a door of Python to the inspection that every tool and the station use.

    Example::

        inferencer = AnomalyInferencer('work_dirs/.../epoch_20.pth')
        for found in inferencer('folder/of/images', batch_size=4)['predictions']:
            print(found['img_path'], found['pred_score'], found['pred_label'])

    Images of a model that was trained or calibrated on tiles are cut in the same way; their map is put together from
    those of the tiles, and their score is the largest of the tiles.

    Args:
        config: File or config in place of the one in the checkpoint; with a single argument, the checkpoint.
        checkpoint: Checkpoint or exported file. Its threshold decides.
        device: Of the network.
        threshold: On the score, in place of the checkpoint's.
        show_progress: Whether to show a bar.
        options: Further arguments of :func:`~mminspect.inspection.load_inspector`, such as ``tile``.

    Attributes:
        inspector: What does the work.

    Raises:
        UserError: The config fails, the file is missing, damaged or of another model, or it is no anomaly model.
    """

    def __init__(self, config: str | Path | Config | None = None, checkpoint: str | Path | None = None,
                 device: str = 'cpu', threshold: float | None = None, show_progress: bool = False,
                 **options: Any) -> None:
        if checkpoint is None:
            config, checkpoint = None, config
        if not isinstance(checkpoint, (str, Path)):
            raise UserError('AnomalyInferencer needs the path of a checkpoint: give it behind the config, or alone')
        self.inspector = load_inspector(checkpoint, config, device=device, threshold=threshold, **options)
        if self.inspector.spec.kind != 'anomaly':
            raise UserError(f'{checkpoint} is a model of kind {self.inspector.spec.kind}, not an anomaly model: use '
                            'mminspect.inspection.load_inspector, which takes every kind')
        self.calibration, self.threshold = self.inspector.calibration, self.inspector.threshold
        self.show_progress = show_progress

    def __call__(self, inputs: Input | Sequence[Input], batch_size: int = 1, draw: bool = False,
                 out_dir: str | Path | None = None) -> dict[str, list[Any]]:
        """Score images.

        Args:
            inputs: A path, a folder, arrays (H, W, 3) in RGB order or (H, W), or a list of those.
            batch_size: Images, or tiles of one image, that go through the network at a time.
            draw: Whether ``visualization`` holds a picture of every image.
            out_dir: Folder to write these pictures to.

        Returns:
            ``predictions``: per image ``img_path``, ``pred_score``, ``anomaly_map`` (H, W) float32 at the size of the
            image, NaN where a centre crop does not look (None of a model without maps) and, with a threshold,
            ``pred_label`` (0 or 1), ``threshold`` and ``threshold_origin``, else None. ``visualization``: pictures
            (h, w, 3) uint8 in RGB order.

        Raises:
            UserError: An input is missing, no image, smaller than a tile, or an array of another type or shape.
        """
        names, sources = zip(*as_sources(inputs), strict=True)
        found: list[dict[str, Any]] = []
        drawn: list[NDArray[np.uint8]] = []
        scale = self.calibration and self.calibration.fused
        for pixels, result in self._shown(self.inspector.pairs(sources, batch_size, names), len(names)):
            found.append(_prediction(result))
            if draw or out_dir:
                picture = draw_overlay(pixels, result, scale)
                if out_dir:
                    name = fitting_name(f'{len(found) - 1:04d}_{Path(result.image).stem}', len('.png'))
                    _write(picture, Path(out_dir) / f'{name}.png')
                if draw:
                    drawn.append(picture)
        return dict(predictions=found, visualization=drawn)

    def _shown(self, results: Iterator[Pair], count: int) -> Iterable[Pair]:
        return track(results, 'scoring', count) if self.show_progress else results


def _prediction(result: InspectionResult) -> dict[str, Any]:
    limit = result.threshold
    return dict(img_path=result.image, pred_score=result.score, anomaly_map=result.anomaly_map,
                pred_label=None if limit is None else int(result.is_defect),
                threshold=limit and limit.value, threshold_origin=limit and limit.origin)


def _write(picture: NDArray[np.uint8], path: Path) -> None:
    with replacing(path) as handle:
        handle.write(encode_png(picture[..., ::-1]))
