"""Pascal VOC files, read strictly: one XML file to plain dataclasses, one image for each XML file.

Both :mod:`fdrd.datasets.voc` (training on VOC) and :mod:`fdrd.datasets.voc2coco` (conversion) read through this file,
so a box has the same coordinates on both ways.
"""
from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.core.once import file_state, once
from mminspect.vision.folders import Listing, list_tree
from mminspect.vision.images import IMAGE_EXTENSIONS

from .records import BoxRecord
from .xml_files import Element, finite, read_xml

#: What ``<difficult>`` says beside numbers; labelling tools write "Unspecified" where nobody was asked.
_FLAGS = {'': False, 'unspecified': False, 'false': False, 'no': False, 'n': False, 'none': False,
          'true': True, 'yes': True, 'y': True}

#: Why an annotation is left out beside another one.
SAME_NAME = 'of the name of another one but for the case of the suffix'


@dataclass(frozen=True)
class VOCObject:
    """One ``<object>``: name, corners in pixels after the offset was subtracted, and the ``difficult`` flag."""

    name: str
    xyxy: tuple[int, int, int, int]
    difficult: bool


@dataclass(frozen=True)
class VOCFile:
    """One annotation file. ``size`` is (width, height) in pixels or None where the file does not say."""

    path: Path
    filename: str
    size: tuple[int, int] | None
    objects: tuple[VOCObject, ...]

    def boxes(self) -> list[BoxRecord]:
        """The objects as (x, y, width, height) boxes, named by their place in the file."""
        return [BoxRecord(f'object {number} ({obj.name})', obj.name,
                          (*obj.xyxy[:2], obj.xyxy[2] - obj.xyxy[0], obj.xyxy[3] - obj.xyxy[1]),
                          ignored='marked difficult' if obj.difficult else '')
                for number, obj in enumerate(self.objects, 1)]


@once(lambda path, offset=1: (file_state(path), offset))
def parse_voc(path: str | Path, offset: int = 1) -> VOCFile:
    """Read one VOC XML file.

    Args:
        path: the XML file.
        offset: subtracted from all four corners, exactly as mmdet's ``XMLDataset`` does with its fixed 1. Use 0 for
            files whose values count from 0. Fractions are cut off, again as there.

    Raises:
        UserError: the file does not exist, is not XML, is no VOC or lacks a value.
    """
    path = Path(path)
    if not os.path.lexists(path):
        raise UserError(f"annotation file '{path}' does not exist: add it, or take its name out of the image list")
    root = read_xml(path)
    if root.kind.lower() != 'annotation':
        raise UserError(f"annotation file '{path}' is no VOC: it begins with <{root.kind}> instead of <annotation>, so "
                        'export it again as Pascal VOC')
    own = list(root.all('object'))
    for other in (part for outer in root.parts for part in outer.within() if part.kind.lower() == 'object'):
        raise _incomplete(other, 'stands in another element than <annotation>')
    filename = root.first('filename')
    return VOCFile(path, filename.text.strip() if filename else '', _parse_size(root),
                   tuple(_parse_object(node, offset) for node in own))


def _incomplete(element: Element, what: str) -> UserError:
    return UserError(f"annotation file '{element.source}' is not complete VOC: the <{element.kind}> in line "
                     f'{element.line} {what}; correct it or export the file again')


def _part(element: Element, kind: str) -> Element:
    part = element.first(kind)
    if part is None:
        raise _incomplete(element, f'has no <{kind}>')
    return part


def _number(element: Element, kind: str) -> float:
    part = _part(element, kind)
    value = finite(part.text.strip())
    if value is None:
        raise _incomplete(part, f'is {part.text.strip()[:80]!r} instead of a number')
    return value


def _parse_object(node: Element, offset: int) -> VOCObject:
    name, box, difficult = _part(node, 'name').text.strip(), _part(node, 'bndbox'), node.first('difficult')
    if not name:
        raise _incomplete(_part(node, 'name'), 'is empty instead of the name of a class')
    corners = [_number(box, key) for key in ('xmin', 'ymin', 'xmax', 'ymax')]
    if all(0 <= value <= 1 for value in corners) and any(value % 1 for value in corners):
        raise _incomplete(box, 'has corners between 0 and 1, as shares of the sides are, instead of pixels')
    return VOCObject(name, tuple(int(value) - offset for value in corners), _flag(difficult) if difficult else False)


def _flag(element: Element) -> bool:
    text = element.text.strip()
    number = finite(text)
    if number is None and text.lower() not in _FLAGS:
        raise _incomplete(element, f'is {text[:80]!r} instead of 0 or 1')
    return _FLAGS[text.lower()] if number is None else bool(number)


def _parse_size(root: Element) -> tuple[int, int] | None:
    node = root.first('size')
    if node is None:
        return None
    size = tuple(_number(node, kind) for kind in ('width', 'height'))
    if any(side != int(side) for side in size):
        raise _incomplete(node, f'says {size[0]:g}x{size[1]:g} pixels instead of whole numbers')
    if min(size) < 0:
        raise _incomplete(node, f'says {size[0]:g}x{size[1]:g} pixels, of which none can be below 0')
    return tuple(map(int, size)) if min(size) > 0 else None  # some tools write 0 when they do not know


class FileFinder:
    """Finds files of some suffixes, in any case, by their names without suffix; every folder is listed once.

    Args:
        folder: Of the files.
        suffixes: With their dots, the preferred one first.
    """

    def __init__(self, folder: str | Path, suffixes: Sequence[str]) -> None:
        self.folder, self.suffixes = Path(folder), tuple(suffixes)
        self._listings: dict[Path, dict[str, Path]] = {}

    def find(self, stem: str) -> Path | None:
        """The file of a name, which may hold a sub-folder; None where there is none. Hidden files are not found."""
        target = self.folder / stem
        return self._by_stem(target.parent).get(target.name)

    def listing(self) -> Listing:
        """All files of the suffixes in the folder and its sub-folders, and what was left out."""
        return list_tree(self.folder, self.suffixes, masks=True)

    def stems(self) -> list[str]:
        """Names of all files of :meth:`listing`, without suffix, sorted."""
        return sorted({self._stem(path) for path in self.listing().images})

    def _stem(self, path: Path) -> str:
        return path.relative_to(self.folder).with_suffix('').as_posix()

    def _by_stem(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listings:
            try:
                names = os.listdir(folder)
            except (OSError, ValueError):  # not there, not readable, or a name that no system takes
                names = []
            files = [folder / name for name in names if not name.startswith('.')
                     and Path(name).suffix.lower() in self.suffixes]
            # exact suffixes before those in capitals
            files.sort(key=lambda path: (self.suffixes.index(path.suffix.lower()), path.suffix != path.suffix.lower(),
                                         path.name), reverse=True)
            self._listings[folder] = {path.stem: path for path in files}  # the preferred one comes last and stays
        return self._listings[folder]


class AnnotationFinder(FileFinder):
    """Finds ``.xml`` and ``.XML`` files."""

    def __init__(self, folder: str | Path) -> None:
        super().__init__(folder, ('.xml', ))

    def listing(self) -> Listing:
        """As of all finders; of several files of one name that which :meth:`find` gives is taken."""
        found = super().listing()
        for path in (path for path in found.images if self.find(self._stem(path)) != path):
            found.leave(SAME_NAME, path)
        left = set(found.left.get(SAME_NAME, ()))
        found.images = [path for path in found.images if path not in left]
        return found

    def path(self, stem: str) -> Path:
        """The file of a name, or where it should be."""
        return self.find(stem) or self.folder / f'{stem}.xml'


class ImageFinder(FileFinder):
    """Finds the image that belongs to an annotation.

    Args:
        folder: the folder of the images (VOC's JPEGImages).
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__(folder, IMAGE_EXTENSIONS)

    def find(self, stem: str, filename: str = '') -> Path | None:
        """The image of the annotation ``stem`` (which may hold a subfolder), or None.

        The stem decides, because lists of images name stems and files get renamed more often than ``<filename>``
        does: first the stem with the suffix of ``filename``, then the stem with any of :data:`IMAGE_EXTENSIONS` in any
        case, then ``filename`` itself.
        """
        suffix = Path(filename).suffix
        exact = self.folder / f'{stem}{suffix}'
        if suffix and os.path.isfile(exact):
            return exact
        by_stem = super().find(stem)
        if by_stem is not None:
            return by_stem
        named = self.folder / Path(filename.replace('\\', '/')).name
        return named if filename and os.path.isfile(named) else None


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names of ``known`` that look most like ``name`` (case ignored), best first; may be empty."""
    by_lower = {str(k).lower(): str(k) for k in known}
    return [by_lower[match] for match in difflib.get_close_matches(str(name).lower(), by_lower, n=count, cutoff=0.4)]


def unknown_class_error(place: str, name: str, classes: Sequence[str], found: Mapping[str, int],
                        whose: str = 'all annotations together') -> UserError:
    """The error for an object whose class is not in ``classes``.

    Args:
        place: Subject and verb of the sentence, before "of class": "'a.xml' has an object".
        name: The class.
        classes: Of the data set.
        found: Number of objects of every class that there is, which is what ``classes`` should name.
        whose: Where these were counted.
    """
    near = nearest_names(name, classes)
    hint = f"; nearest: {', '.join(map(repr, near))}" if near else ''
    return UserError(f'{place} of class {_short(name)!r}, which is not one of the classes {tuple(classes)}{hint}: '
                     f'write the classes that you want to find into metainfo, or correct the file; {whose} have '
                     f'{class_counts(found)}')


def class_counts(found: Mapping[str, int], most: int = 12) -> str:
    """Classes with their numbers of objects, the most frequent first: "3 objects of 'hair', 1 of 'metal'"."""
    ordered = sorted(found.items(), key=lambda item: (-item[1], str(item[0])))
    words = [f'{count} of {_short(str(name))!r}' for name, count in ordered[:most]]
    if not words:
        return 'no object'
    plural = '' if ordered[0][1] == 1 else 's'
    words[0] = words[0].replace(' of ', f' object{plural} of ', 1)
    return ', '.join(words) + (f' and {len(ordered) - most} more classes' if len(ordered) > most else '')


def _short(name: str) -> str:
    return name if len(name) <= 80 else f'{name[:80]}...'
