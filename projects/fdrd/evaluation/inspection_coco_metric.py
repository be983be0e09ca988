"""COCO's box metrics with average recall returned, and recall by object size."""
from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.datasets.api_wrappers import COCO, COCOeval
from mmdet.evaluation.metrics import CocoMetric
from mmdet.registry import METRICS
from mmengine.fileio import load
from mmengine.logging import print_log

METRIC_ITEMS = ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'AR@100', 'AR_s@1000')


@METRICS.register_module()
class InspectionCocoMetric(CocoMetric):
    """mmdet's ``CocoMetric`` (pycocotools) that also returns AR, ARsmall and the recall of every size bin.

    Returned keys: ``bbox_mAP``, ``bbox_mAP_50``, ``bbox_mAP_75``, ``bbox_mAP_s``, ``bbox_AR@100``, ``bbox_AR_s@1000``,
    and per bin ``recall_4_8`` ... ``recall_32_up``: the share of objects whose size (square root of the area, in pixels
    of the original image) lies in the bin that are found at IoU 0.5 among 100 detections per image. All lie in 0..1.
    A value without any ground truth is left out (pycocotools says -1) and named in the log as n/a.

    Args:
        size_bins: Ascending bin edges in pixels; the last bin is open. None for no recall by size.
        metric_items: As in ``CocoMetric``.
        *args: As for ``CocoMetric``.
        **kwargs: As for ``CocoMetric``.
    """

    def __init__(self, *args: Any, size_bins: Sequence[float] | None = (4, 8, 16, 32),
                 metric_items: Sequence[str] | None = METRIC_ITEMS, **kwargs: Any) -> None:
        super().__init__(*args, metric_items=metric_items, **kwargs)
        self.size_bins = size_bins

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See the class."""
        if not self.format_only and not any(len(prediction['bboxes']) for _, prediction in results):
            print_log('No box was detected in any image; every metric is 0.', logger='current', level=logging.WARNING)
            results = [_with_impossible_box(*results[0]), *results[1:]]
        metrics = dict(super().compute_metrics(results))
        if self.size_bins and not self.format_only:
            metrics.update(self._recall_by_size([prediction for _, prediction in results]))
        undefined = sorted(k for k, v in metrics.items() if v < 0 or np.isnan(v))
        if undefined:
            print_log(f'n/a, because the ground truth has no such object: {", ".join(undefined)}', logger='current')
        return {k: v for k, v in metrics.items() if k not in undefined}

    def _recall_by_size(self, predictions: list[dict]) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            files = self.results2json(predictions, str(Path(folder) / 'results'))
            return recall_by_size(self._coco_api, load(files['bbox']), self.size_bins, self.cat_ids)


def _with_impossible_box(truth: dict, prediction: dict) -> tuple[dict, dict]:
    """A box without area, which matches nothing: mmdet returns no metric at all where there is no box."""
    return truth, {**prediction, 'bboxes': np.zeros((1, 4)), 'scores': np.zeros(1), 'labels': np.zeros(1, dtype=int)}


def bins(edges: Sequence[float]) -> list[tuple[str, tuple[float, float]]]:
    """Name and size range in pixels of every bin: edges (4, 8) give recall_4_8 and recall_8_up."""
    uppers = [*edges[1:], None]
    return [(f'recall_{low:g}_{"up" if high is None else f"{high:g}"}', (low, 1e5 if high is None else high))
            for low, high in zip(edges, uppers, strict=True)]


def recall_by_size(ground_truth: COCO, detections: list[dict], edges: Sequence[float], category_ids: Sequence[int],
                   iou: float = 0.5, max_detections: int = 100) -> dict[str, float]:
    """Recall at one IoU by object size, averaged over the classes that have objects in the bin.

    Args:
        ground_truth: COCO ground truth.
        detections: COCO results: dicts with image_id, category_id, bbox (x, y, w, h), score.
        edges: Ascending bin edges in pixels (square root of the area); a size on an edge belongs to both bins, as in
            pycocotools.
        category_ids: Classes to evaluate.
        iou: IoU from which an object counts as found.
        max_detections: Detections per image and class, best first.

    Returns:
        Recall in 0..1 by bin name, -1 for a bin without objects.
    """
    evaluation = COCOeval(ground_truth, ground_truth.loadRes(detections), 'bbox')
    named = bins(edges)
    evaluation.params.catIds = list(category_ids)
    evaluation.params.iouThrs = np.array([iou])
    evaluation.params.maxDets = [max_detections]
    evaluation.params.areaRng = [[low**2, high**2] for _, (low, high) in named]
    evaluation.params.areaRngLbl = [name for name, _ in named]
    evaluation.evaluate()
    evaluation.accumulate()
    recall = evaluation.eval['recall'][0, :, :, 0]  # (classes, bins)
    return {name: float(column[column > -1].mean()) if (column > -1).any() else -1.0
            for (name, _), column in zip(named, recall.T, strict=True)}
