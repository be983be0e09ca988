"""Pascal VOC data sets as inspection lines deliver them: any image format, no silent losses."""
from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from mmdet.datasets import XMLDataset
from mmdet.registry import DATASETS

from mminspect.core.errors import UserError
from mminspect.vision.image_files import probe_image

from .image_list import read_image_list
from .voc_xml import AnnotationFinder, ImageFinder, VOCFile, parse_voc, unknown_class_error


@DATASETS.register_module()
class InspectionVOCDataset(XMLDataset):
    """VOC data set for mmdet. What differs from the ``XMLDataset`` it extends:

    - images may have any suffix (``XMLDataset`` takes ``.jpg`` only), XML files and lists any encoding that they name;
    - lists may have suffixes, label columns or paths (:func:`fdrd.datasets.image_list.read_image_list`);
    - a class name that ``metainfo`` does not list is an error (there the object is dropped silently);
    - small boxes are never turned into ignored ones (``filter_cfg=dict(bbox_min_size=32)`` of mmdet's VOC config would
      remove nearly all objects of this task, so it is refused);
    - folders are found below ``data_root`` without a ``data_prefix``.

    Objects marked ``difficult`` are ignored in training and evaluation, as in ``XMLDataset``. For evaluation use the
    COCO metric without ``ann_file`` and pack the meta key ``'instances'`` in the test pipeline.

    Args:
        coordinate_offset: subtracted from the four corners. 1 (as in ``XMLDataset``) for values that count from 1, 0
            for values that count from 0.
        **kwargs: of ``XMLDataset``: ``data_root``, ``ann_file`` (the list of image names), ``metainfo`` ...

    Raises:
        UserError: a listed file is missing or damaged, a class is unknown, ``bbox_min_size`` is set.
    """

    def __init__(self, coordinate_offset: int = 1, **kwargs: Any) -> None:
        if 'bbox_min_size' in (kwargs.get('filter_cfg') or {}):
            raise UserError('InspectionVOCDataset does not take filter_cfg bbox_min_size, which would ignore every box '
                            'smaller than that: remove it from the config')
        self.coordinate_offset = coordinate_offset
        super().__init__(**kwargs)

    @property
    def sub_data_root(self) -> str:
        """Folder that holds the folders of images and annotations."""
        return self.data_prefix.get('sub_data_root') or self.data_root or ''

    def load_data_list(self) -> list[dict]:
        """One dict for each listed image: paths, ``height`` and ``width`` in pixels, and ``instances``."""
        self.cat2label = {name: label for label, name in enumerate(self.metainfo['classes'])}
        self._finder = ImageFinder(Path(self.sub_data_root, self.img_subdir))
        self._annotations = AnnotationFinder(Path(self.sub_data_root, self.ann_subdir))
        stems = read_image_list(self.ann_file, self._annotations).stems
        return [self.parse_data_info({'img_id': stem}) for stem in stems]

    def parse_data_info(self, img_info: dict) -> dict:
        """Read the annotation of ``img_info['img_id']`` (the image's name without suffix)."""
        stem = img_info['img_id']
        xml_path = self._annotations.path(stem)
        voc = parse_voc(xml_path, self.coordinate_offset)
        image = self._finder.find(stem, voc.filename)
        if image is None:
            raise UserError(f"no image for '{xml_path}' in '{self._finder.folder}': add the image or take {stem} "
                            f"out of '{self.ann_file}'")
        width, height = voc.size or probe_image(image).size
        return dict(img_id=stem, img_path=str(image), xml_path=str(xml_path), width=width, height=height,
                    instances=self._instances(voc))

    def _instances(self, voc: VOCFile) -> list[dict]:
        """Boxes as (x1, y1, x2, y2) in pixels with label and ignore flag."""
        unknown = next((obj.name for obj in voc.objects if obj.name not in self.cat2label), None)
        if unknown is not None:
            raise unknown_class_error(f"'{voc.path}' has an object", unknown, self.metainfo['classes'],
                                      Counter(obj.name for obj in voc.objects), 'its annotations')
        return [dict(bbox=list(map(float, obj.xyxy)), bbox_label=self.cat2label[obj.name],
                     ignore_flag=int(obj.difficult)) for obj in voc.objects]
