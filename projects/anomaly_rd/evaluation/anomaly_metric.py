"""All image and pixel metrics of a test set, from a state of constant size."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object, all_reduce, get_dist_info
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from anomaly_rd.registry import METRICS
from mminspect.core.errors import UserError
from mminspect.core.options import check_option

from . import summary
from .functional.ranking import Ranking
from .functional.size_recall import SIZE_EDGES, bin_names
from .pixel_state import PixelState
from .prediction import Prediction, read_prediction
from .score_counts import ScoreCounts

NAMES = (*summary.METRIC_NAMES, 'recall')
#: Which images' pixels are pooled.
POOLS = ('all', 'anomalous')
#: Behind the names of metrics of the pool 'anomalous', so that they are never taken for the usual ones.
POOL_SUFFIX = '_of_anomalous'
#: Above this bound on the error of pixel_auroc, a warning gives the bound.
MAX_UNREPORTED_AUROC_ERROR = 1e-3


@METRICS.register_module()
class AnomalyMetric(BaseMetric):
    """AUROC, average precision and F1-max of images and pixels, AUPRO, and recall by defect size.

    Pixels of all images are pooled, good ones included; values lie in 0..1 and NaN is undefined. ``pixel_f1max`` and
    ``image_f1max`` use the best threshold on the test set: they are upper bounds, and ``pixel_f1max`` is small
    beside AUROC wherever defects are small; read it beside ``pixel_ap``.

    Pixels are counted in a :class:`ScoreHistogram`, image and region scores in :class:`ScoreCounts`, so memory does not
    grow with the number of images, and values do not depend on their order, the batch size or the number of processes.
    Images that a distributed sampler repeats to fill the last batch are left out.

    After ``evaluate``: ``curves`` (name to x and y: image_roc, image_pr, pixel_roc, pixel_pr, pro), ``image_scores``
    (scores and labels), ``counts`` of images and regions, and ``pixel_auroc_bound``, the most by which the
    histogram's bins can have changed ``pixel_auroc``; above 0.001 it is said in a warning.

    Args:
        metrics: Which of ``NAMES``; aupro is integrated to an FPR of 0.3, aupro_05 to 0.05.
        original_size: Compare at the resolution of the mask files, the maps enlarged bilinearly.
        per_image_aupro: Add ``aupro_per_image``, an older protocol: see :func:`pro_auc_per_image`.
        size_edges: Lower edges in pixels of the bins of recall: see :func:`recall_by_size`.
        recall_fpr: Recall is measured at the lowest score at which at most this share of normal pixels is found.
        recall_threshold: Score to measure recall at instead.
        pixels: Whose pixels are pooled: of 'all' images, or of 'anomalous' ones alone, an older protocol whose values
            have names of their own (``pixel_auroc_of_anomalous``).
        defect_area: Smallest area (included) and largest (excluded, None is no limit) of the largest defect of an
            image: only such anomalous images count, and all normal ones. In pixels of the image or tile before it is
            resized; (0, 1024) and (1024, None) make the blue film's subsets Small and Big.
        kwargs: As for mmengine's ``BaseMetric``.

    Raises:
        UserError: If a score is NaN or infinite, or a sample lacks what the metrics need; it names the image.
    """

    default_prefix = ''

    def __init__(self, metrics: Sequence[str] = NAMES, original_size: bool = False, per_image_aupro: bool = False,
                 size_edges: Sequence[float] = SIZE_EDGES, recall_fpr: float = 0.01,
                 recall_threshold: float | None = None, pixels: str = 'all',
                 defect_area: tuple[float, float | None] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name in metrics:
            check_option('AnomalyMetric.metrics', name, NAMES)
        check_option('AnomalyMetric.pixels', pixels, POOLS)
        self.pixels, self.defect_area = pixels, _checked_range(defect_area)
        self.names, self.original_size, self.per_image_aupro = tuple(metrics), original_size, per_image_aupro
        self.size_edges = tuple(size_edges) if 'recall' in metrics else ()
        self.recall_fpr, self.recall_threshold = recall_fpr, recall_threshold
        self.with_map = per_image_aupro or 'recall' in metrics or bool(set(metrics) & set(summary.PIXEL_METRICS))
        self._reset()

    def process(self, data_batch: Any, data_samples: Sequence[Any]) -> None:
        """Count a batch of predicted samples (dicts or :class:`AnomalyDataSample`)."""
        for sample in data_samples:
            sample = sample if isinstance(sample, dict) else sample.to_dict()
            prediction = read_prediction(sample, self.with_map, self.original_size)
            self._count(self._last_prediction)
            self._last_prediction, self._predictions_seen = prediction, self._predictions_seen + 1

    def evaluate(self, size: int) -> dict[str, float]:
        """The metrics of the ``size`` images of the data set, the same in every process."""
        rank, world = get_dist_info()
        # as mmengine's sampler deals them out; only the last image of a process can be a repeated one
        if (self._predictions_seen - 1) * world + rank < size:
            self._count(self._last_prediction)
        self._images.all_reduce()
        self._pixels.all_reduce()
        all_reduce(torch.from_numpy(self._without_pixels))
        self._first_unmasked = min(all_gather_object(self._first_unmasked))
        metrics = self.compute_metrics([])
        self._reset()
        return self._named(metrics)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """See the class; mmengine's ``results`` stay empty."""
        metrics = {**self._image_metrics(), **(self._pixel_metrics() if self.with_map else {})}
        undefined = [name for name, value in metrics.items() if np.isnan(value)]
        if undefined and not self._without_pixels[[0, 2]].any():
            print_log(f'n/a, because the test set has no such images or regions: {", ".join(undefined)}', 'current',
                      logging.WARNING)
        return metrics

    def value_names(self) -> list[str]:
        """Names of all values, without the prefix."""
        images, pixels = ([name for name in self.names if name in known]
                          for known in (summary.IMAGE_METRICS, summary.PIXEL_METRICS))
        pixels += bin_names(self.size_edges) if self.size_edges else []
        pixels += ['aupro_per_image'] if self.per_image_aupro else []
        return [*images, *map(self._pixel_name, pixels)]

    def _named(self, metrics: dict[str, float]) -> dict[str, float]:
        return {'/'.join((self.prefix, key)) if self.prefix else key: value for key, value in metrics.items()}

    def _pixel_name(self, name: str) -> str:
        return name + POOL_SUFFIX if self.pixels == 'anomalous' else name

    def _image_metrics(self) -> dict[str, float]:
        scores, (normal, anomalous) = self._images.read()
        ranking = Ranking(scores[::-1], np.cumsum(normal[::-1]), np.cumsum(anomalous[::-1]))
        self.image_scores = (np.repeat(np.concatenate((scores, scores)), np.concatenate((normal, anomalous))),
                             np.repeat((0, 1), (normal.sum(), anomalous.sum())))
        self.curves = summary.curves(summary.IMAGE_CURVES, ranking)
        self.counts = dict(normal_images=int(normal.sum()), anomalous_images=int(anomalous.sum()))
        return summary.values(summary.IMAGE_METRICS, self.names, ranking)

    def _pixel_metrics(self) -> dict[str, float]:
        ranking = self._pixels.ranking(self.recall_fpr)
        metrics = summary.values(summary.PIXEL_METRICS, self.names, ranking)
        metrics.update(self._pixels.recall(ranking, self.recall_fpr, self.recall_threshold))
        if self.per_image_aupro:
            metrics['aupro_per_image'] = self._pixels.aupro_per_image()
        metrics = {self._pixel_name(name): value for name, value in metrics.items()}
        self.pixel_auroc_bound = self._pixels.histogram.auroc_bound(ranking)
        without_mask, without_region, without_map = self._without_pixels.tolist()
        self.counts.update(regions=int(self._pixels.sums[0]), anomalous_without_mask=without_mask,
                           anomalous_without_region=without_region)
        if without_region:
            print_log(f'{without_region} anomalous images have an empty mask.', 'current', logging.WARNING)
        if without_map:
            print_log(f'Pixel metrics are n/a: the model gives no anomaly map for {without_map} images.', 'current',
                      logging.WARNING)
            return dict.fromkeys(metrics, float('nan'))
        if without_mask:
            print_log(f'Pixel metrics are n/a: {without_mask} anomalous images have no mask, the first is '
                      f'{self._first_unmasked[1]}.', 'current', logging.WARNING)
            return dict.fromkeys(metrics, float('nan'))
        if self.pixel_auroc_bound > MAX_UNREPORTED_AUROC_ERROR:
            print_log(f'pixel_auroc may be off by up to {self.pixel_auroc_bound:.2g}: many scores are equal, or lie '
                      'closer together than the histogram tells apart.', 'current', logging.WARNING)
        self.curves.update(summary.curves(summary.PIXEL_CURVES, ranking))
        return metrics

    def _count(self, prediction: Prediction | None) -> None:
        if prediction is None or not self._has_wanted_area(prediction):
            return
        self._images.add(prediction.score, prediction.label)
        self._without_pixels[2] += self.with_map and prediction.scores is None
        if prediction.scores is None or (self.pixels == 'anomalous' and not prediction.label):
            return
        if prediction.mask is None:
            self._first_unmasked = min(self._first_unmasked, (prediction.sample_idx, prediction.img_path))
            self._without_pixels[0] += 1
            return
        self._without_pixels[1] += prediction.label and not prediction.mask.any()
        self._pixels.add(prediction.scores, prediction.mask)

    def _has_wanted_area(self, prediction: Prediction) -> bool:
        if self.defect_area is None or not prediction.label:
            return True
        if prediction.area is None:
            raise UserError(f'{prediction.img_path} is anomalous and has no mask, so that nobody knows the size of its '
                            'defects: add the mask, or leave defect_area out.')
        return self.defect_area[0] <= prediction.area < self.defect_area[1]

    def _reset(self) -> None:
        self._last_prediction: Prediction | None = None
        self._predictions_seen = 0
        self._images = ScoreCounts(rows=2)
        self._pixels = PixelState(self.size_edges, self.per_image_aupro)
        self._without_pixels = np.zeros(3, np.int64)  # anomalous without a mask, with an empty one; without a map
        self._first_unmasked = (float('inf'), '')  # position and path of the first one without a mask


def _checked_range(area: Sequence[float | None] | None) -> tuple[float, float] | None:
    """The range with infinity as 'no limit'."""
    if area is None:
        return None
    if len(area) != 2 or area[0] is None or not 0 <= area[0] < (area[1] or float('inf')):
        raise UserError(f'AnomalyMetric: defect_area={area!r} must be (smallest, largest) in pixels, the largest None '
                        'for no limit.')
    return float(area[0]), float(area[1] or 'inf')
