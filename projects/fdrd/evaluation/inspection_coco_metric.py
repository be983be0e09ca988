"""COCO's box metrics with average recall returned, and recall by object size."""
from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.datasets.api_wrappers import COCO, COCOeval
from mmdet.evaluation.metrics import CocoMetric, coco_metric
from mmdet.registry import METRICS
from mmengine.fileio import load
from mmengine.logging import print_log

from fdrd.datasets.coco import CheckedCOCO
from mminspect.core.errors import UserError

from .ground_truth import distinct_images, fullest, number, same_classes, untested

METRIC_ITEMS = ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'AR@100', 'AR_s@1000')


@METRICS.register_module()
class InspectionCocoMetric(CocoMetric):
    """mmdet's ``CocoMetric`` (pycocotools) that also returns AR, ARsmall and the recall of every size bin.

    What differs from ``CocoMetric`` beside that:

    - one limit of detections, the last of ``proposal_nums``, for mAP, mAP_50, mAP_75, mAP_s and the recall by size,
      where ``CocoMetric`` takes 100 for mAP alone; AR is named by its limit. More objects than that are a warning;
    - annotation ids may begin with 0 or be texts (pycocotools takes a match with the id 0 for none);
    - images of several joined data sets may have the same ids, if there is no ``ann_file``;
    - ``ann_file`` is read as :class:`~fdrd.datasets.InspectionCocoDataset` reads it, and must have the classes of the
      data set in their order, and the images that are tested.

    Returned keys: ``bbox_mAP``, ``bbox_mAP_50``, ``bbox_mAP_75``, ``bbox_mAP_s``, ``bbox_AR@100``, ``bbox_AR_s@1000``,
    and per bin ``recall_4_8`` ... ``recall_32_up``: the share of objects whose size (square root of the area, in pixels
    of the original image) lies in the bin that are found at IoU 0.5. All lie in 0..1.
    A value without any ground truth is left out (pycocotools says -1) and named in the log as n/a.

    Args:
        size_bins: Ascending bin edges in pixels; the last bin is open. None for no recall by size.
        metric_items: As in ``CocoMetric``.
        proposal_nums: Detections of an image and class, best first, that count: those of ``AR@100``, of ``AR@300``, and
            of all other values.
        ann_file: As in ``CocoMetric``.
        *args: As for ``CocoMetric``, behind ``ann_file``.
        **kwargs: As for ``CocoMetric``.

    Raises:
        UserError: ``proposal_nums`` are not three numbers, or ``ann_file`` is damaged or not that of the data set.
    """

    def __init__(self, ann_file: str | None = None, *args: Any, size_bins: Sequence[float] | None = (4, 8, 16, 32),
                 metric_items: Sequence[str] | None = METRIC_ITEMS, proposal_nums: Sequence[int] = (100, 300, 1000),
                 **kwargs: Any) -> None:
        nums = list(proposal_nums)
        if len(nums) != 3 or any(type(count) is not int or count < 1 for count in nums) or nums != sorted(nums):
            raise UserError(f'proposal_nums of {type(self).__name__} are {proposal_nums!r}: give three whole numbers '
                            'above 0 in ascending order, such as (100, 300, 1000)')
        self.ann_file = ann_file
        with _in_place_of(COCO=COCO if kwargs.get('format_only') else CheckedCOCO):
            super().__init__(ann_file, *args, metric_items=metric_items, proposal_nums=proposal_nums, **kwargs)
        self.size_bins, self._renumber_images, self._told = size_bins, False, set()
        if self._coco_api is not None and not self.format_only:
            number(self._coco_api, categories=self.outfile_prefix is None)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See the class."""
        results = self._comparable(results)
        if not self.format_only and not any(len(prediction['bboxes']) for _, prediction in results):
            print_log('No box was detected in any image; every metric is 0.', logger='current', level=logging.WARNING)
            results = [_with_impossible_box(*results[0]), *results[1:]]
        with _in_place_of(COCOeval=_OneLimitEval):
            metrics = dict(super().compute_metrics(results))
        if not self.format_only:
            self._tell_once(self._limit())
        if self.size_bins and not self.format_only:
            metrics.update(self._recall_by_size([prediction for _, prediction in results]))
        undefined = sorted(k for k, v in metrics.items() if v < 0 or np.isnan(v))
        if undefined:
            print_log(f'n/a, because the ground truth has no such object: {", ".join(undefined)}', logger='current')
        return {k: v for k, v in metrics.items() if k not in undefined}

    def _comparable(self, results: list) -> list:
        """The results, once images and classes of ground truth and predictions are known to be the same."""
        if self.format_only:
            return results
        if self.ann_file is None:
            found = [prediction['img_id'] for _, prediction in results]
            one_kind = len(set(map(type, found))) == 1
            self._renumber_images |= not one_kind or len(set(found)) < len(found)
            return distinct_images(results) if self._renumber_images else results
        same_classes(self._coco_api, self.dataset_meta['classes'], self.ann_file)
        missed = untested(self._coco_api, [prediction['img_id'] for _, prediction in results], self.ann_file)
        self._tell_once(missed)
        return results

    def _limit(self) -> str:
        """Words where an image has more objects than boxes of it count."""
        limit = self.proposal_nums[-1]
        over, most = fullest(self._coco_api, limit)
        if not over:
            return ''
        return (f'{over} images have more than {limit} objects of one class, up to {most}, but only the {limit} best '
                'boxes of an image and class count: AP and recall stay below 1 for whatever detector; give the metric '
                'larger proposal_nums')

    def _tell_once(self, text: str) -> None:
        if text and text not in self._told:
            print_log(text, logger='current', level=logging.WARNING)
            self._told.add(text)

    def _recall_by_size(self, predictions: list[dict]) -> dict[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            files = self.results2json(predictions, str(Path(folder) / 'results'))
            return recall_by_size(self._coco_api, load(files['bbox']), self.size_bins, self.cat_ids,
                                  max_detections=self.proposal_nums[-1])


class _OneLimitEval(COCOeval):
    """pycocotools' evaluation whose first value, AP, has the limit of the others: the last of ``maxDets``, not 100."""

    def summarize(self) -> None:
        """See the class."""
        super().summarize()
        precision = self.eval['precision'][:, :, :, 0, -1]  # of all sizes
        self.stats[0] = precision[precision > -1].mean() if (precision > -1).any() else -1


@contextmanager
def _in_place_of(**classes: type) -> Iterator[None]:
    """mmdet's metric reads and compares with classes by their names in its module, and gives no other way to them."""
    before = {name: getattr(coco_metric, name) for name in classes}
    try:
        for name, kind in classes.items():
            setattr(coco_metric, name, kind)
        yield
    finally:
        for name, kind in before.items():
            setattr(coco_metric, name, kind)


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
