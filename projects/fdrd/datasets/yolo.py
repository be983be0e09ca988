"""YOLO data sets: a text file of boxes for every image, in shares of its sides."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from mmdet.registry import DATASETS

from mminspect.core.errors import UserError
from mminspect.core.text_files import read_lines, read_text
from mminspect.vision.folders import MASKS, OTHERS, Listing, list_tree
from mminspect.vision.images import IMAGE_EXTENSIONS

from .annotated import AnnotatedDataset, Annotations
from .records import ImageRecord, look
from .yolo_lines import LineReader, keypoint_numbers

IMAGES, LABELS = 'images', 'labels'


@DATASETS.register_module()
class InspectionYOLODataset(AnnotatedDataset):
    """Images in ``images/`` and, in ``labels/`` beside it, a text file for each with lines ``class x y width height``.

    Centre and sides are shares of the image, 0..1. A line with more numbers is a polygon (``class x1 y1 x2 y2 ...``),
    which gives the box around it, but with ``kpt_shape`` in ``data.yaml`` a box and its keypoints, which are passed
    over. An image without a text file has no object. Class numbers become names by
    ``ann_file``, and labels by ``metainfo``. Folders are walked as everywhere
    (:func:`~mminspect.vision.folders.list_tree`); an image that is called as masks are is one if it has a text file.

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
        lines, listed, folder = self._contents()
        images = list(dict.fromkeys(listed.images))
        twice = len(listed.images) - len(images)
        records = [_record(path, folder, lines, self.ann_file, orientation) for path in images]
        if not any(label_file(path).is_file() for path in images):
            raise UserError(f"none of the {len(images)} images in '{folder}' has a text file of boxes (the first would "
                            f"be '{label_file(images[0])}'): put the folder {LABELS} beside the folder {IMAGES}")
        warnings = [f'{twice} images are listed more than once and used once'] if twice else []
        warnings += [*self._oddities(lines), *_shared(images)]
        left = listed.told()
        return Annotations(records, self.ann_file, folder, tuple(lines.names),
                           [*warnings, *([left] if left else []), *_orphans(images), *lines.warnings()], listed.left)

    def _oddities(self, lines: LineReader) -> list[str]:
        """Where the number of classes that ``data.yaml`` gives is not that of its names."""
        count = lines.declared
        return [] if count in (None, len(lines.names)) else [
            f'nc is {count!r}, but there are {len(lines.names)} names: correct the one that is wrong']

    def _contents(self) -> tuple[LineReader, Listing, Path]:
        """What reads the lines, the images, and the folder that they are in."""
        if Path(self.ann_file).suffix.lower() not in ('.yaml', '.yml'):
            return LineReader(_listed_names(self.ann_file)), *_listed([self.data_prefix['img']], self.ann_file)
        content = _load_yaml(self.ann_file)
        lines = LineReader(_names(content.get('names'), self.ann_file), keypoint_numbers(content, self.ann_file),
                           content.get('nc'))
        if self._folder_is_given:
            return lines, *_listed([self.data_prefix['img']], self.ann_file)
        given = content.get(self.split)
        if not given:
            raise UserError(f"'{self.ann_file}' has no entry {self.split!r} with the images of that split: add it, or "
                            "name the folder with data_prefix=dict(img='...')")
        places, root = [given] if isinstance(given, str) else given, content.get('path') or ''
        if not isinstance(places, list) or not all(isinstance(text, str) for text in [*places, root]):
            raise UserError(f"{self.split} and path of '{self.ann_file}' must be texts: name folders of images or "
                            'lists of them')
        base = Path(self.ann_file).parent / root
        return lines, *_listed([_place(base, place) for place in places], self.ann_file)


def label_file(image: Path) -> Path:
    """Text file of an image: its last folder ``images`` becomes ``labels``; without one it lies beside the image.

    A suffix in capitals is found as well.
    """
    parts = list(image.parts)
    for place in reversed(range(len(parts) - 1)):
        if parts[place] == IMAGES:
            parts[place] = LABELS
            break
    file = Path(*parts).with_suffix('.txt')
    capitals = file.with_suffix('.TXT')
    return capitals if not os.path.isfile(file) and os.path.isfile(capitals) else file


def _record(image: Path, folder: Path, lines: LineReader, source: str, orientation: bool) -> ImageRecord:
    probe, labels = look(ImageRecord(image.name, image, None), orientation), label_file(image)
    if probe is None:
        raise UserError(f"image file '{str(image)[:200]}' of '{source}' is missing: copy it there or take its line out")
    if probe.problem and probe.size == (0, 0):  # numbers of unknown range are the check's business
        raise UserError(f"image file '{image}' of '{source}' is {probe.problem}: copy it again from its source, or "
                        'take it and its text file out')
    name = image.relative_to(folder).as_posix() if image.is_relative_to(folder) else image.as_posix()
    text = read_lines(labels, may_be_empty=True) if os.path.isfile(labels) else []
    return ImageRecord(name, image, probe.size, lines.read(text, labels, probe.size), probe)


class _PlainLoader(yaml.SafeLoader):
    """YAML's safe loader without aliases, of which a few lines can stand for gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            line = self.peek_event().start_mark.line + 1
            raise yaml.YAMLError(f'an alias in line {line}, which such files do not need')
        return super().compose_node(parent, index)


def _load_yaml(path: str) -> dict:
    try:
        content = yaml.load(read_text(path), _PlainLoader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # a date that is none, keys that are lists
        told = ' '.join(str(error).split())[:400]
        raise UserError(f"annotation file '{path}' is not valid YAML ({told}): correct it") from error
    if not isinstance(content, dict):
        raise UserError(f"annotation file '{path}' holds no entries such as names and train: export it again")
    return content


def _names(given: Any, path: str) -> list[str]:
    """Names of the classes in the order of their numbers, from a list or from number: name."""
    if isinstance(given, dict):
        numbers = {_class_number(key): name for key, name in given.items()}
        given = [numbers[key] for key in range(len(given))] if set(numbers) == set(range(len(given))) else None
    if not isinstance(given, list) or not given:
        raise UserError(f"'{path}' needs names, a list of the classes, or numbers from 0 with a name for each")
    for name in given:
        if isinstance(name, bool) or not isinstance(name, str | int | float):
            raise UserError(f"'{path}' has {type(name).__name__} among its names, as YAML reads yes, no, on, off, null "
                            'and dates: put the names of classes in quotes')
    return _distinct(list(map(str, given)), path)


def _class_number(key: Any) -> int | None:
    try:
        return int(key) if isinstance(key, int | str) and not isinstance(key, bool) else None
    except ValueError:
        return None


def _listed_names(path: str) -> list[str]:
    """Names of the classes in a text file, one on each line: the line is the number."""
    lines = [line.strip() for line in read_lines(path, 'list of classes')]
    while lines and not lines[-1]:
        lines.pop()
    if '' in lines:
        raise UserError(f"line {lines.index('') + 1} of the list of classes '{path}' is empty, so that nobody knows "
                        'which number the next class has: take it out')
    return _distinct(lines, path)


def _distinct(names: list[str], path: str) -> list[str]:
    for name in (name for name, count in Counter(names).items() if count > 1):
        numbers = ' and '.join(str(number) for number, one in enumerate(names) if one == name)
        raise UserError(f"'{path}' names the classes {numbers} {name!r}: give each class a name of its own")
    return names


def _place(base: Path, entry: str) -> str:
    """Folder or list of a split. Some exports write ``../train/images`` for a folder beside the file itself."""
    path, inside = base / entry, base / entry.replace('\\', '/').removeprefix('../')
    return str(inside if not os.path.exists(path) and os.path.exists(inside) else path)


def _listed(places: Sequence[str], source: str) -> tuple[Listing, Path]:
    """Images of folders with all their sub-folders, or of text files that list them; and the folder of them all."""
    found = Listing()
    for place in map(Path, places):
        if os.path.isdir(place):
            found.add(_in_folder(place))
        elif os.path.isfile(place):
            lines = read_lines(place, 'list of images')
            found.images += [place.parent / line.strip() for line in lines if line.strip()]
        else:
            raise UserError(f"'{place}', which '{source}' gives for the images, does not exist: put the images there "
                            'or correct it')
    if not found.images:
        told = found.told()
        raise UserError(f"there is no image ({', '.join(IMAGE_EXTENSIONS)}) in {', '.join(map(repr, places))}"
                        f"{f' ({told})' if told else ''}: put some there or correct '{source}'")
    return found, Path(places[0]) if os.path.isdir(places[0]) else Path(places[0]).parent


def _in_folder(folder: Path) -> Listing:
    """The one walk; what is called as a mask is an image if somebody has drawn boxes on it, text files are boxes."""
    found = list_tree(folder)
    masks, others = found.left.pop(MASKS, []), found.left.pop(OTHERS, [])
    annotated = {path for path in masks if os.path.isfile(label_file(path))}
    found.images = sorted([*found.images, *annotated])
    left = Listing(left={MASKS: [path for path in masks if path not in annotated],
                         OTHERS: [path for path in others if path.suffix.lower() != '.txt']})
    return found.add(left)


def _shared(images: Sequence[Path]) -> list[str]:
    """Text files that are those of several images, which differ in their suffix alone."""
    owners: dict[Path, list[Path]] = {}
    for image in images:
        owners.setdefault(label_file(image), []).append(image)
    shared = [f"'{file}' of {' and '.join(repr(str(one)) for one in several)}" for file, several in owners.items()
              if len(several) > 1 and os.path.isfile(file)]
    return [f"{len(shared)} text files of boxes belong to several images ({', '.join(shared[:3])}), which all get "
            'their boxes: leave one image of each, or rename the others'] if shared else []


def _orphans(images: Sequence[Path]) -> list[str]:
    """Text files of boxes whose images are gone; where both lie in one folder, nobody knows what a text file is."""
    lost: list[Path] = []
    for folder in sorted({image.parent for image in images}):
        labels = label_file(folder / 'any').parent
        if labels != folder:
            stems = {path.stem for path in list_tree(folder, masks=True, deep=False).images}
            lost += [path for path in list_tree(labels, ('.txt', ), masks=True, deep=False).images
                     if path.stem not in {*stems, 'classes'}]
    return [f"{len(lost)} text files of boxes have no image (first: '{lost[0]}')"] if lost else []
