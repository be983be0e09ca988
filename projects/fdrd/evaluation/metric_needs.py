"""What COCO's metrics need of the data and of the model, and the values that they give."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdet.evaluation import CocoMetric
from mmengine.config import Config

from mminspect.core.config_entries import file_of
from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.checks import metrics_of
from mminspect.runtime.dataset_cfg import component_name, pipelines

from .inspection_coco_metric import METRIC_ITEMS, InspectionCocoMetric, bins
from .same_images import coco_metric
from .stitched_coco_metric import StitchedCocoMetric

#: Values of mmdet's metric where a config chooses none.
_COCO_ITEMS = ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l')
#: Parts of names of detectors and of their parts, in small letters, that segment instances.
_SEGMENTING = ('mask', 'solo', 'inst', 'detins', 'yolact', 'panoptic')


@CHECKS.register('metric')
def check_boxes_given(metric: Mapping[str, Any], dataset: dict, name: str) -> None:
    """Make sure that the boxes come with the images, where a COCO metric reads them from no file.

    Args:
        metric: Config of one metric.
        dataset: As it stands in the data loader; wrappers are looked into.
        name: Of the evaluator, for messages.

    Raises:
        UserError: The pipeline packs no ``instances``, which mmdet's metric misses after the first epoch.
    """
    if coco_metric(metric) is None or metric.get('ann_file') or metric.get('format_only'):
        return
    packing = [step for steps in pipelines(dataset) for step in steps if component_name(step) == 'PackDetInputs']
    if any('instances' not in step.get('meta_keys', ()) for step in packing if isinstance(step, Mapping)):
        raise UserError(f"{name} has no ann_file, and the pipeline of its data packs no boxes for it: give {name} the "
                        "ann_file of the data set, or add 'instances' to the meta_keys of PackDetInputs")


@CHECKS.register('loader')
def check_masks_given(cfg: Config, part: str, dataloader: Mapping[str, Any]) -> list[str]:
    """Make sure that a metric of masks has a model that gives them.

    Args:
        cfg: The config.
        part: Name of the data loader.
        dataloader: The data loader.

    Returns:
        Nothing to be said otherwise.

    Raises:
        UserError: A COCO metric is to measure 'segm', and no part of the model segments.
    """
    evaluator = part.replace('_dataloader', '_evaluator')
    for metric in metrics_of(cfg.get(evaluator)) if evaluator != part else ():
        if coco_metric(metric) is not None and 'segm' in _kinds(metric) and not _segments(cfg.get('model')):
            raise UserError(f"{evaluator}.metric of {file_of(cfg)} is {metric['metric']!r}, and the model "
                            f"{component_name(cfg.model)} gives boxes without masks: give metric='bbox'")
    return []


@CHECKS.register('values')
def coco_values(metric: Mapping[str, Any]) -> list[str] | None:
    """Names of the values of a COCO metric; None for those of classes by themselves, and for metrics that are derived.
    """
    kind = coco_metric(metric)
    if kind not in (CocoMetric, InspectionCocoMetric, StitchedCocoMetric) or metric.get('classwise'):
        return None
    own = kind is not CocoMetric
    kinds, items = _kinds(metric), metric.get('metric_items', METRIC_ITEMS if own else None) or _COCO_ITEMS
    if not {*kinds} <= {'bbox', 'segm'} or metric.get('format_only'):
        return None
    edges = metric.get('size_bins', (4, 8, 16, 32)) if own else None
    names = [f'{one}_{item}' for one in kinds for item in items] + [name for name, _ in (bins(edges) if edges else ())]
    return [f'{metric.get("prefix") or CocoMetric.default_prefix}/{name}' for name in names]


def _kinds(metric: Mapping[str, Any]) -> list[str]:
    kinds = metric.get('metric', 'bbox')
    return list(kinds) if isinstance(kinds, (list, tuple)) else [kinds]


def _segments(node: Any) -> bool:
    """Whether a name in a model's config is one of :data:`_SEGMENTING`."""
    if isinstance(node, dict):
        words = ' '.join([*map(str, node), component_name(node)]).lower()
        return any(part in words for part in _SEGMENTING) or any(map(_segments, dict.values(node)))
    return isinstance(node, (list, tuple)) and any(map(_segments, node))
