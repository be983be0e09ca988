"""Pictures of a test run: maps of single images, curves and scores of all of them."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_reduce, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from anomaly_rd.registry import HOOKS
from anomaly_rd.visualization import Picture, draw_curves, draw_histogram, draw_panel, save_figure, scales_of
from mminspect.core.errors import UserError
from mminspect.core.names import fitting_name
from mminspect.decisions import Calibration, MapScale, oracle_threshold
from mminspect.engine import unwrap
from mminspect.models.anomaly_data_sample import AnomalyDataSample


@HOOKS.register_module()
class AnomalyPicturesHook(Hook):
    """Draw tested images, ``curves.png`` (ROC, precision-recall, PRO) and ``histogram.png`` (image scores).

    Colours mean the same in every picture of a run: their scales are those of the calibration in the checkpoint, or
    else span the smallest to the largest value of the whole test set. Until the test is over, the chosen images are
    kept with at most 512 pixels a side (some 2 MB each).

    Args:
        out_dir: Folder, relative to the work dir unless absolute.
        max_images: Number of images to draw, spread evenly over the data set; 0 for the curves only.
    """

    # behind LoggerHook: the metrics are in the log before the drawing begins
    priority = 'VERY_LOW'

    def __init__(self, out_dir: str = 'pictures', max_images: int = 50) -> None:
        if max_images < 0:
            raise UserError(f'AnomalyPicturesHook: max_images must be at least 0, got {max_images}')
        self.out_dir, self.max_images = out_dir, max_images
        self._chosen: set[int] = set()
        self._kept: dict[int, Picture] = {}
        self._scales: tuple[MapScale, ...] = ()

    def before_test(self, runner: Runner) -> None:
        """Choose the images."""
        self._chosen = set(evenly_spaced(len(runner.test_dataloader.dataset), self.max_images))
        self._kept, self._scales = {}, ()

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None,
                        outputs: Sequence[AnomalyDataSample] | None = None) -> None:
        """Keep what is to be drawn; without a calibration, widen the colour scales to this batch."""
        if unwrap(runner.model).calibration is None:
            self._scales = _union(self._scales, scales_of(outputs))
        for image, sample in zip(data_batch['inputs'], outputs, strict=True):
            if sample.sample_idx in self._chosen:
                self._kept[sample.sample_idx] = Picture.of(title_of(sample), image, sample)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draw; every process its own images, the first one the curves."""
        folder, calibration = Path(runner.work_dir) / self.out_dir, unwrap(runner.model).calibration
        if calibration is None:
            scales, decision = _gathered(self._scales), (None, None)
        else:
            fused = calibration.fused  # None of a method that judges whole images
            scales, decision = calibration.scales, (calibration.threshold, fused and fused.limit)
        for index, picture in sorted(self._kept.items()):
            name = f'{index:04d}_{Path(picture.name).with_suffix("").as_posix().replace("/", "_")}'
            save_figure(draw_panel(picture, scales, *decision), folder / f'{fitting_name(name, len(".png"))}.png')
        self._kept = {}
        if is_main_process():
            _draw_results(runner, folder, metrics or {}, calibration)
            print_log(f'pictures, curves and histogram: {folder}', logger='current')


def evenly_spaced(count: int, chosen: int) -> list[int]:
    """At most ``chosen`` of the numbers 0..count-1, evenly spread, first and last included."""
    return sorted(set(np.linspace(0, count - 1, min(count, chosen)).round().astype(int).tolist()))


def title_of(sample: AnomalyDataSample) -> str:
    """Folder and name of the image file; of a tile also its first row and column (``good/0_y512_x1024.png``)."""
    path, tile = Path(sample.img_path), sample.get('tile')
    name = path.name if tile is None else f'{path.stem}_y{tile[0]}_x{tile[1]}{path.suffix}'
    return '/'.join((*path.parts[-2:-1], name))


def _draw_results(runner: Runner, folder: Path, metrics: dict[str, float], calibration: Calibration | None) -> None:
    metric: Any = next((m for m in runner.test_evaluator.metrics if hasattr(m, 'image_scores')), None)
    if metric is None:
        print_log('No AnomalyMetric in test_evaluator: no curves are drawn.', logger='current', level=logging.WARNING)
        return
    own = f'{metric.prefix}/' if metric.prefix else ''  # other metrics have values of the same names
    values = {name.removeprefix(own): value for name, value in metrics.items()
              if name.startswith(own) and '/' not in name.removeprefix(own)}
    save_figure(draw_curves(metric.curves, values), folder / 'curves.png')
    scores, labels = (np.asarray(values) for values in metric.image_scores)
    thresholds = [calibration.threshold] if calibration is not None else []
    if 0 < np.count_nonzero(labels) < labels.size:
        thresholds.append(oracle_threshold(scores, labels))
    save_figure(draw_histogram(scores, labels, thresholds), folder / 'histogram.png')


def _union(first: Sequence[MapScale], second: Sequence[MapScale]) -> tuple[MapScale, ...]:
    if not first:
        return tuple(second)
    lows = [min(a.low, b.low) for a, b in zip(first, second, strict=True)]
    highs = [max(a.high, b.high) for a, b in zip(first, second, strict=True)]
    return tuple(MapScale(low, (low + high) / 2) for low, high in zip(lows, highs, strict=True))


def _gathered(scales: Sequence[MapScale]) -> tuple[MapScale, ...]:
    """The union of the scales of all processes."""
    if get_world_size() == 1:
        return tuple(scales)
    bounds = torch.tensor([[-scale.low, scale.high] for scale in scales], dtype=torch.float64)
    all_reduce(bounds, 'max')
    return tuple(MapScale(-minus_low, (high - minus_low) / 2) for minus_low, high in bounds.tolist())
