"""CVAT's own XML, "CVAT for images 1.1"."""
from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS

from mminspect.core.errors import UserError

from .annotated import AnnotatedDataset, Annotations
from .records import BoxRecord, ImageRecord
from .xml_files import Element, finite, walk_xml

Box = tuple[float, float, float, float]


@dataclass
class CVATFile:
    """Attributes and shapes of every image, and the labels of the task, in the file's order."""

    images: list[tuple[Element, list[Element]]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


@DATASETS.register_module()
class InspectionCVATDataset(AnnotatedDataset):
    """Boxes of CVAT's "CVAT for images 1.1": one XML file for all images.

    ``<box>`` (rotated or not), ``<polygon>``, ``<ellipse>`` and ``<mask>`` give the upright box around them. Lines,
    points, cuboids, skeletons and tags give none and are counted in a warning.

    Args:
        subset: Images of this subset of a CVAT project alone ('Train', 'Validation', ...); None for all.
        kwargs: Of :class:`~fdrd.datasets.annotated.AnnotatedDataset`: ``ann_file`` is the XML file,
            ``data_prefix=dict(img=...)`` the folder of the images.

    Raises:
        UserError: Also for "CVAT for video", and for an element without its numbers.
    """

    def __init__(self, subset: str | None = None, data_prefix: dict | None = None, **kwargs: Any) -> None:
        self.subset = subset
        super().__init__(data_prefix=dict(data_prefix or dict(img='images/')), **kwargs)

    def read_annotations(self, orientation: bool = True) -> Annotations:
        """See :meth:`AnnotatedDataset.read_annotations`."""
        content, folder = parse_cvat(self.ann_file), Path(self.data_prefix['img'])
        chosen = [entry for entry in content.images if self.subset in (None, entry[0].values.get('subset'))]
        if not chosen:
            subsets = sorted({image.values.get('subset', '') for image, _ in content.images} - {''})
            raise UserError(f"'{self.ann_file}' has no image of subset {self.subset!r}; there are "
                            f'{", ".join(map(repr, subsets)) or "no subsets"}: correct ann_file or subset')
        records = [_record(image, shapes, folder) for image, shapes in chosen]
        twice = [name for name, count in Counter(record.name for record in records).items() if count > 1]
        if twice:
            raise UserError(f"'{self.ann_file}' has the image '{twice[0]}' more than once ({len(twice)} such images): "
                            'name the subset, or export the tasks one by one')
        lost = Counter(shape.kind for _, shapes in chosen for shape in shapes if shape.kind not in SHAPES)
        return Annotations(records, self.ann_file, folder, tuple(content.labels),
                           [f"{count} <{kind}> have no box and are left out" for kind, count in sorted(lost.items())])


def parse_cvat(path: str | Path) -> CVATFile:
    """Read one XML file of CVAT.

    Raises:
        UserError: It is missing, not XML, or no "CVAT for images".
    """
    found, stack = CVATFile(), []

    def start(element: Element) -> None:
        if len(stack) == 1 and element.kind == 'track':
            raise UserError(f"'{path}' is \"CVAT for video\": export the task as \"CVAT for images 1.1\"")
        if stack == ['annotations'] and element.kind == 'image':
            found.images.append((element, []))
        elif stack == ['annotations', 'image']:
            found.images[-1][1].append(element)
        stack.append(element.kind)

    def end(_: str, text: str) -> None:
        if stack[-3:] == ['labels', 'label', 'name'] and 'meta' in stack:
            found.labels.append(text.strip())
        stack.pop()

    walk_xml(path, start, end)
    if not found.images:
        raise UserError(f"'{path}' has no <image> in <annotations>: export the task as \"CVAT for images 1.1\"")
    return found


def _record(image: Element, shapes: list[Element], folder: Path) -> ImageRecord:
    name, size = image.values.get('name', ''), (round(image.number('width')), round(image.number('height')))
    if not name or min(size) < 1:
        raise UserError(f'{image} needs a name and a positive width and height: correct it or export the file again')
    places = [folder / name, folder / image.values.get('subset', '') / name]
    path = next((place for place in places if os.path.isfile(place)), None)
    boxes = [BoxRecord(f'the {shape.kind} in line {shape.line}', shape.values.get('label', ''),
                       SHAPES[shape.kind](shape)) for shape in shapes if shape.kind in SHAPES]
    return ImageRecord(name, path, size, boxes)


def _box(shape: Element) -> Box:
    """A box turned by ``rotation`` degrees about its centre."""
    x0, y0, x1, y1 = (shape.number(key) for key in ('xtl', 'ytl', 'xbr', 'ybr'))
    width, height, angle = x1 - x0, y1 - y0, math.radians(shape.number('rotation', '0'))
    if not angle:
        return x0, y0, width, height
    cosine, sine = abs(math.cos(angle)), abs(math.sin(angle))
    return _around((x0 + x1) / 2, (y0 + y1) / 2, (width * cosine + height * sine) / 2,
                   (width * sine + height * cosine) / 2)


def _ellipse(shape: Element) -> Box:
    """An ellipse with half axes rx and ry turned by ``rotation`` degrees about its centre."""
    rx, ry, angle = shape.number('rx'), shape.number('ry'), math.radians(shape.number('rotation', '0'))
    return _around(shape.number('cx'), shape.number('cy'), math.hypot(rx * math.cos(angle), ry * math.sin(angle)),
                   math.hypot(rx * math.sin(angle), ry * math.cos(angle)))


def _around(x: float, y: float, half_width: float, half_height: float) -> Box:
    return x - half_width, y - half_height, 2 * half_width, 2 * half_height


def _polygon(shape: Element) -> Box:
    """``points`` are ``x,y;x,y;...``."""
    pairs = [pair.split(',') for pair in shape.values.get('points', '').split(';')]
    numbers = [list(map(finite, pair)) for pair in pairs]
    if any(len(pair) != 2 or None in pair for pair in numbers):
        raise UserError(f'{shape} needs points="x,y;x,y;...": correct the line or export the file again')
    xs, ys = zip(*numbers, strict=True)
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def _mask(shape: Element) -> Box:
    return tuple(shape.number(key) for key in ('left', 'top', 'width', 'height'))


#: Kinds of shapes with an area, and what finds the box (x, y, width, height) around them.
SHAPES: dict[str, Callable[[Element], Box]] = dict(box=_box, polygon=_polygon, ellipse=_ellipse, mask=_mask)
