"""YOLO data sets: a text file of boxes for every image, in shares of its sides."""
from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from mmdet.registry import DATASETS

from mminspect.core.errors import UserError
from mminspect.vision.image_files import probe_image
from mminspect.vision.images import IMAGE_EXTENSIONS

from .annotated import AnnotatedDataset, Annotations
from .records import BoxRecord, ImageRecord
from .text_files import read_text

IMAGES, LABELS = 'images', 'labels'
#: Shares may be this far outside of 0..1: tools round. More are pixels, or a mistake.
TOLERANCE = 0.01


@DATASETS.register_module()
class InspectionYOLODataset(AnnotatedDataset):
    """Images in ``images/`` and, in ``labels/`` beside it, a text file for each with lines ``class x y width height``.

    Centre and sides are shares of the image, 0..1. A line with more numbers is a polygon (``class x1 y1 x2 y2 ...``),
    which gives the box around it. An image without a text file has no object. Class numbers become names by
    ``ann_file``, and labels by ``metainfo``.

    Args:
        ann_file: ``data.yaml`` with ``names`` and the folders or lists of images of every split, or a text file with
            one name on each line (``classes.txt``, ``obj.names``); then ``data_prefix`` names the folder of images.
        split: Entry of ``data.yaml``: 'train', 'val' or 'test'.
        kwargs: Of :class:`~fdrd.datasets.annotated.AnnotatedDataset`. An ``img`` in ``data_prefix`` comes before the
            folders of ``data.yaml``.

    Raises:
        UserError: Also for numbers that are no shares, and for class numbers without a name.
    """

    def __init__(self, ann_file: str = 'data.yaml', split: str = 'train', data_prefix: dict | None = None,
                 **kwargs: Any) -> None:
        self.split, self._folder_is_given = split, bool((data_prefix or {}).get('img'))
        super().__init__(ann_file=ann_file, data_prefix=dict(data_prefix or dict(img='')), **kwargs)

    def read_annotations(self, orientation: bool = True) -> Annotations:
        """See :meth:`AnnotatedDataset.read_annotations`."""
        names, images, folder = self._contents()
        records = [_record(path, folder, names, self.ann_file, orientation) for path in images]
        if not any(label_file(path).is_file() for path in images):
            raise UserError(f"none of the {len(images)} images in '{folder}' has a text file of boxes (the first would "
                            f"be '{label_file(images[0])}'): put the folder {LABELS} beside the folder {IMAGES}")
        return Annotations(records, self.ann_file, folder, tuple(names), _orphans(images))

    def _contents(self) -> tuple[list[str], list[Path], Path]:
        """Names of the classes, the images, and the folder that they are in."""
        if Path(self.ann_file).suffix.lower() not in ('.yaml', '.yml'):
            names = [line.strip() for line in read_text(self.ann_file, 'list of classes').splitlines() if line.strip()]
            return names, *_listed([self.data_prefix['img']], self.ann_file)
        content = _load_yaml(self.ann_file)
        names = _names(content.get('names'), self.ann_file)
        if self._folder_is_given:
            return names, *_listed([self.data_prefix['img']], self.ann_file)
        given = content.get(self.split)
        if not given:
            raise UserError(f"'{self.ann_file}' has no entry {self.split!r} with the images of that split: add it, or "
                            "name the folder with data_prefix=dict(img='...')")
        base = Path(self.ann_file).parent / str(content.get('path') or '')
        return names, *_listed([_place(base, entry) for entry in ([given] if isinstance(given, str) else given)],
                               self.ann_file)


def label_file(image: Path) -> Path:
    """Text file of an image: its last folder ``images`` becomes ``labels``; without one it lies beside the image."""
    parts = list(image.parts)
    for place in reversed(range(len(parts) - 1)):
        if parts[place] == IMAGES:
            parts[place] = LABELS
            break
    return Path(*parts).with_suffix('.txt')


def parse_line(line: str, place: str, names: Sequence[str], size: tuple[int, int]) -> BoxRecord:
    """One object.

    Args:
        line: ``class x y width height`` or ``class x1 y1 x2 y2 x3 y3 ...``, in shares of the sides.
        place: Of the line, for messages.
        names: Of the classes.
        size: (width, height) of the image in pixels.

    Raises:
        UserError: It is neither, the class has no name, or a number is not a share.
    """
    fields = line.split()
    try:
        number, values = float(fields[0]), [float(value) for value in fields[1:]]
    except ValueError as error:
        raise UserError(f'{place} is {line.strip()!r}: it must hold numbers, class x y width height') from error
    if len(values) == 5:
        raise UserError(f'{place} has 6 numbers, as predictions with a confidence have: leave the last one out')
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise UserError(f'{place} has {len(fields)} numbers: 5 are needed (class x y width height), or a class and at '
                        'least three points')
    if number != int(number) or not 0 <= number < len(names):
        raise UserError(f'{place} has the class {fields[0]}, but there are names for the classes 0..{len(names) - 1}: '
                        'add the name or correct the line')
    if any(not math.isfinite(value) or not -TOLERANCE <= value <= 1 + TOLERANCE for value in values):
        raise UserError(f'{place} is {line.strip()!r}: numbers behind the class must be shares of the image, 0..1, so '
                        'divide pixels by its width and height')
    return BoxRecord(place, names[int(number)], _xywh(values, size))


def _xywh(values: list[float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size
    if len(values) == 4:
        x, y, w, h = values
        return (x - w / 2) * width, (y - h / 2) * height, w * width, h * height
    xs, ys = values[::2], values[1::2]
    return min(xs) * width, min(ys) * height, (max(xs) - min(xs)) * width, (max(ys) - min(ys)) * height


def _record(image: Path, folder: Path, names: Sequence[str], source: str, orientation: bool) -> ImageRecord:
    probe, labels = probe_image(image, orientation), label_file(image)
    if probe.problem:
        raise UserError(f"image file '{image}' of '{source}' is {probe.problem}: copy it again from its source, or "
                        'take it and its text file out')
    name = image.relative_to(folder).as_posix() if image.is_relative_to(folder) else image.as_posix()
    lines = read_text(labels, may_be_empty=True).splitlines() if labels.is_file() else []
    boxes = [parse_line(line, f"line {number} of '{labels}'", names, probe.size)
             for number, line in enumerate(lines, 1) if line.strip()]
    return ImageRecord(name, image, probe.size, boxes, probe)


def _load_yaml(path: str) -> dict:
    try:
        content = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise UserError(f"annotation file '{path}' is not valid YAML ({' '.join(str(error).split())}): correct it") \
            from error
    if not isinstance(content, dict):
        raise UserError(f"annotation file '{path}' holds no entries such as names and train: export it again")
    return content


def _names(given: Any, path: str) -> list[str]:
    """Names of the classes in the order of their numbers, from a list or from number: name."""
    if isinstance(given, dict) and sorted(map(str, given)) == sorted(map(str, range(len(given)))):
        given = [name for _, name in sorted(given.items(), key=lambda item: int(item[0]))]
    if not isinstance(given, list) or not given:
        raise UserError(f"'{path}' needs names, a list of the classes, or numbers from 0 with a name for each")
    return [str(name) for name in given]


def _place(base: Path, entry: str) -> str:
    """Folder or list of a split. Some exports write ``../train/images`` for a folder beside the file itself."""
    path = base / str(entry)
    inside = base / str(entry).replace('\\', '/').removeprefix('../')
    return str(inside if not path.exists() and inside.exists() else path)


def _listed(places: Sequence[str], source: str) -> tuple[list[Path], Path]:
    """Images of folders with all their sub-folders, or of text files that list them; and the folder of them all."""
    images: list[Path] = []
    for place in map(Path, places):
        if place.is_dir():
            images += sorted(path for path in place.rglob('*') if _is_image(path.relative_to(place)))
        elif place.is_file():
            lines = read_text(place, 'list of images').splitlines()
            images += [place.parent / line.strip() for line in lines if line.strip()]
        else:
            raise UserError(f"'{place}', which '{source}' gives for the images, does not exist: put the images there "
                            'or correct it')
    if not images:
        raise UserError(f"there is no image ({', '.join(IMAGE_EXTENSIONS)}) in {', '.join(map(repr, places))}: put "
                        f"some there or correct '{source}'")
    return images, Path(places[0]) if Path(places[0]).is_dir() else Path(places[0]).parent


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_EXTENSIONS and not any(part.startswith('.') for part in path.parts)


def _orphans(images: Sequence[Path]) -> list[str]:
    """Text files of boxes whose images are gone; where both lie in one folder, nobody knows what a text file is."""
    lost: list[Path] = []
    for folder in sorted({image.parent for image in images}):
        labels, stems = label_file(folder / 'any').parent, {path.stem for path in folder.iterdir()}
        if labels != folder and labels.is_dir():
            lost += sorted(path for path in labels.glob('*.txt') if path.stem not in {*stems, 'classes'})
    return [f"{len(lost)} text files of boxes have no image (first: '{lost[0]}')"] if lost else []
