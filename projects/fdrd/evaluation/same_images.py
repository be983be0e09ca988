"""Whether a metric's annotation file lists the images that the data loader tests."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from mmdet.evaluation import CocoMetric
from mmdet.registry import METRICS

from fdrd.datasets.coco_json import load_coco
from fdrd.datasets.leaf_data import read_leaf
from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves


@CHECKS.register('metric')
def check_same_images(metric: Mapping[str, Any], dataset: dict, name: str) -> None:
    """Refuse a COCO file in which an id of the data set stands for another image.

    pycocotools compares images by their ids, which begin at 1 in most files: detections on one image would be measured
    against the boxes of another.

    Args:
        metric: Config of one metric; those without ``ann_file`` take the boxes from the data set and cannot differ.
        dataset: As it stands in the data loader; of several in one the metric numbers the images itself.
        name: Of the evaluator, for messages.

    Raises:
        UserError: Of two files that both list an id, one has it for another image.
    """
    path, found = metric.get('ann_file'), list(leaves(dataset))
    if coco_metric(metric) is None or not path or len(found) != 1 or not os.path.isfile(path):
        return
    leaf = read_leaf(found[0])
    if leaf is None or os.path.realpath(leaf.source) == os.path.realpath(path):
        return
    names = {image['id']: image['file_name'] for image in load_coco(path)['images']}
    other = [(record, names[record.identity]) for record in leaf.records if record.identity in names
             and PurePath(names[record.identity]).name != PurePath(record.name).name]
    if other:
        record, named = other[0]
        raise UserError(f"{name} reads '{path}', where image {record.identity!r} is '{named}', but the data set has "
                        f"'{record.name}' under this id ({len(other)} such images): detections would be compared with "
                        f"boxes of other images; give {name} the file of the data set, '{leaf.source}'")


def coco_metric(metric: Mapping[str, Any]) -> type[CocoMetric] | None:
    """The class of a metric's config, if it is mmdet's for COCO or derived from it."""
    kind = metric.get('type')
    kind = METRICS.get(kind) if isinstance(kind, str) else kind
    return kind if isinstance(kind, type) and issubclass(kind, CocoMetric) else None
