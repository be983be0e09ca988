"""Objects of an image against the boxes that a detector gives of one."""
from __future__ import annotations

import logging

from mmengine.logging import print_log

from mminspect.core.errors import UserError
from mminspect.runtime import CHECKS
from mminspect.runtime.dataset_cfg import leaves

from .leaf_data import LeafData, read_leaf
from .tiled_coco import TiledCocoDataset


@CHECKS.register('model')
def check_object_count(model: dict, dataset: dict) -> None:
    """Warn where a test set has images with more objects than ``max_per_img``: the others cannot be found.

    Args:
        model: ``model`` of a config; one without ``test_cfg.max_per_img`` (or that of ``rcnn``) is not checked.
        dataset: ``dataset`` of a dataloader; those in ``test_mode`` are checked, as far as they can be read.
    """
    test_cfg = model.get('test_cfg') or {}
    limit = (test_cfg.get('rcnn') or test_cfg).get('max_per_img')
    if not isinstance(limit, int) or limit < 1:
        return
    for leaf in leaves(dataset):
        try:
            found = read_leaf(leaf) if leaf.get('test_mode') else None
            counts = _counts(found) if found else {}
        except UserError:  # told by the check of the data
            continue
        over = [name for name, count in counts.items() if count > limit]
        if over:
            print_log(f"'{found.source}': {len(over)} of {len(counts)} images have more objects than max_per_img="
                      f"{limit} lets a detector find, up to {max(counts.values())} (first: {', '.join(over[:3])}): "
                      'raise model.test_cfg.max_per_img, with nms_pre, or the others count as missed',
                      logger='current', level=logging.WARNING)


def _counts(leaf: LeafData) -> dict[str, int]:
    """Objects by image, or by tile."""
    if not issubclass(leaf.kind, TiledCocoDataset):
        return {f"'{record.name}'": sum(not box.dropped and not box.ignored for box in record.boxes)
                for record in leaf.records}
    return {f"tile {item['tile']} of '{item['img_path']}'": sum(not one['ignore_flag'] for one in item['instances'])
            for item in leaf.dataset.data_list}
