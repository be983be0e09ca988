"""What data sets with a reader of their own have in common: a format is one class with one method.

See docs/add_a_dataset.md.
"""
from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmdet.datasets import BaseDetDataset

from fdrd.transforms.load_image import LoadInspectionImage
from mminspect.core.errors import UserError
from mminspect.vision.image_files import probe_image

from .records import BoxRecord, ImageRecord, count_classes
from .voc_xml import unknown_class_error

#: What ``filter_cfg`` may hold: whether images without objects are left out of the training.
FILTERS = ('filter_empty_gt', )


@dataclass(frozen=True)
class Annotations:
    """What a reader finds.

    Attributes:
        records: All images with their boxes; names are unique.
        source: The file that lists them, for messages.
        folder: Where the images lie.
        classes: Names that the files declare; empty where they declare none.
        warnings: What was left out or is odd, with counts.
        left: Files that were left out of the folders of images, by reason.
    """

    records: list[ImageRecord]
    source: str
    folder: Path
    classes: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    left: dict[str, list[Path]] = field(default_factory=dict)


class AnnotatedDataset(BaseDetDataset):
    """Boxes for mmdet from a format that :meth:`read_annotations` reads.

    The tools check such data sets as they check COCO and VOC: files, sizes, classes, boxes. For evaluation use the COCO
    metric without ``ann_file`` and pack the meta key ``'instances'`` in the test pipeline.

    Args:
        kwargs: Of mmdet's ``BaseDetDataset``: ``data_root``, ``ann_file``, ``data_prefix=dict(img=...)``, ``metainfo``
            with the classes in the order of the labels, ``pipeline``, ``filter_cfg=dict(filter_empty_gt=...)``.

    Raises:
        UserError: A file is missing or damaged, a class is unknown, ``filter_cfg`` has another entry.
    """

    def __init__(self, **kwargs: Any) -> None:
        if unknown := set(kwargs.get('filter_cfg') or {}) - set(FILTERS):
            raise UserError(f'{type(self).__name__} does not take filter_cfg {sorted(unknown)[0]}, which would leave '
                            f'objects or images out: give {", ".join(FILTERS)} or nothing')
        super().__init__(**kwargs)

    @abstractmethod
    def read_annotations(self, orientation: bool = True) -> Annotations:
        """All images and boxes of this split.

        Args:
            orientation: Whether images are read with the rotation that their EXIF data asks for, for readers that take
                sizes from the images.

        Raises:
            UserError: Names file, place in it, and remedy.
        """

    def load_data_list(self) -> list[dict]:
        """One dict for each image: paths, ``height`` and ``width`` in pixels, and ``instances``."""
        orientation = all(step.reading.orientation for step in self.pipeline.transforms
                          if isinstance(step, LoadInspectionImage))
        found = self.read_annotations(orientation)
        classes = self.metainfo.get('classes', ())  # a deep copy each time
        check_classes(found, classes)
        labels = {name: label for label, name in enumerate(classes)}
        return [self._item(record, found, orientation, labels) for record in found.records]

    def filter_data(self) -> list[dict]:
        """Leave images without objects out of the training, if ``filter_cfg`` says so."""
        drop = not self.test_mode and (self.filter_cfg or {}).get('filter_empty_gt', False)
        return [item for item in self.data_list if item['instances'] or not drop]

    def _item(self, record: ImageRecord, found: Annotations, orientation: bool, labels: dict[str, int]) -> dict:
        if record.path is None or not os.path.isfile(record.path):
            raise UserError(f"no image for '{record.name}' of '{found.source}' in '{found.folder}': add the image or "
                            'take it out of the annotations')
        width, height = record.size or probe_image(record.path, orientation).size
        return dict(img_id=record.name, img_path=str(record.path), width=width, height=height,
                    instances=[dict(bbox=_corners(box), bbox_label=labels[box.category], ignore_flag=0)
                               for box in record.boxes])


def check_classes(found: Annotations, classes: Sequence[str]) -> None:
    """Raise UserError if an object has a class that is not one of ``classes``."""
    unknown = next(((record, box) for record in found.records for box in record.boxes if box.category not in classes),
                   None)
    if unknown:
        record, box = unknown
        raise unknown_class_error(f"{box.name} of image '{record.name}' in '{found.source}' is", box.category, classes,
                                  count_classes(found.records))


def _corners(box: BoxRecord) -> list[float]:
    """(x1, y1, x2, y2) in pixels."""
    x, y, width, height = map(float, box.xywh)
    return [x, y, x + width, y + height]
