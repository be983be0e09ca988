"""COCO data sets as annotation tools deliver them: in any encoding, and complete."""
from __future__ import annotations

from pathlib import Path

from mmdet.datasets import CocoDataset
from mmdet.datasets.api_wrappers import COCO
from mmdet.registry import DATASETS

from .coco_json import load_coco


class CheckedCOCO(COCO):
    """mmdet's ``COCO`` of a file that :func:`~fdrd.datasets.coco_json.load_coco` reads.

    pycocotools opens files by itself, as text in the encoding of the machine, and takes a byte-order mark for damage.

    Args:
        annotation_file: Path of the file.
        content: Of the file, where it has been read.

    Raises:
        UserError: As ``load_coco``.
    """

    def __init__(self, annotation_file: str | Path | None = None, content: dict | None = None) -> None:
        super().__init__()
        if annotation_file is not None or content is not None:
            self.dataset = load_coco(annotation_file) if content is None else content
            self.createIndex()
        self.img_ann_map, self.cat_img_map = self.imgToAnns, self.catToImgs  # mmdet's names for them


@DATASETS.register_module()
class InspectionCocoDataset(CocoDataset):
    """mmdet's ``CocoDataset`` of files with a byte-order mark or in UTF-16, and of those that do not say ``area`` or
    ``iscrowd``; what is damaged is one sentence. For evaluation use ``InspectionCocoMetric``, which reads the same.

    Args:
        kwargs: As for ``CocoDataset``.

    Raises:
        UserError: The annotation file is damaged.
    """

    COCOAPI = CheckedCOCO
