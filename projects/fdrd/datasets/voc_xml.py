"""Pascal VOC files, read strictly: one XML file to plain dataclasses, one image for each XML file.

Both :mod:`fdrd.datasets.voc` (training on VOC) and :mod:`fdrd.datasets.voc2coco` (conversion) read through this file,
so a box has the same coordinates on both ways.
"""
from __future__ import annotations

import difflib
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mminspect.core.errors import UserError
from mminspect.vision.images import IMAGE_EXTENSIONS

from .records import BoxRecord


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
                          (*obj.xyxy[:2], obj.xyxy[2] - obj.xyxy[0], obj.xyxy[3] - obj.xyxy[1]))
                for number, obj in enumerate(self.objects, 1)]


def parse_voc(path: str | Path, offset: int = 1) -> VOCFile:
    """Read one VOC XML file.

    Args:
        path: the XML file.
        offset: subtracted from all four corners, exactly as mmdet's ``XMLDataset`` does with its fixed 1. Use 0 for
            files whose values count from 0. Fractions are cut off, again as there.

    Raises:
        UserError: the file does not exist, is not XML or lacks a value.
    """
    path = Path(path)
    try:
        root = ET.parse(path).getroot()
    except FileNotFoundError:
        raise UserError(f"annotation file '{path}' does not exist: add it, or take its name out of the image "
                        'list') from None
    except ET.ParseError as error:
        raise UserError(f"annotation file '{path}' is not valid XML ({error}): repair it or export it again") from None
    try:
        objects = tuple(_parse_object(node, offset) for node in root.findall('object'))
        return VOCFile(path, (root.findtext('filename') or '').strip(), _parse_size(root), objects)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise UserError(f"annotation file '{path}' is not complete VOC: every <object> needs a <name> and a <bndbox> "
                        'with the numbers xmin, ymin, xmax, ymax, and <size> needs width and height') from None


def _parse_object(node: ET.Element, offset: int) -> VOCObject:
    box = node.find('bndbox')
    corners = tuple(int(float(box.findtext(key))) - offset for key in ('xmin', 'ymin', 'xmax', 'ymax'))
    return VOCObject(node.findtext('name').strip(), corners, bool(int(node.findtext('difficult') or 0)))


def _parse_size(root: ET.Element) -> tuple[int, int] | None:
    node = root.find('size')
    if node is None:
        return None
    size = int(node.findtext('width')), int(node.findtext('height'))
    return size if min(size) > 0 else None  # some tools write 0 when they do not know


class ImageFinder:
    """Finds the image that belongs to an annotation; every folder is listed once.

    Args:
        folder: the folder of the images (VOC's JPEGImages).
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._listings: dict[Path, dict[str, Path]] = {}

    def find(self, stem: str, filename: str = '') -> Path | None:
        """The image of the annotation ``stem`` (which may hold a subfolder), or None.

        The stem decides, because lists of images name stems and files get renamed more often than ``<filename>``
        does: first the stem with the suffix of ``filename``, then the stem with any of :data:`IMAGE_EXTENSIONS` in any
        case, then ``filename`` itself.
        """
        exact = self.folder / f'{stem}{Path(filename).suffix}'
        if Path(filename).suffix and exact.is_file():
            return exact
        target = self.folder / stem
        by_stem = self._images_by_stem(target.parent).get(target.name)
        if by_stem is not None:
            return by_stem
        named = self.folder / Path(filename.replace('\\', '/')).name
        return named if filename and named.is_file() else None

    def _images_by_stem(self, folder: Path) -> dict[str, Path]:
        if folder not in self._listings:
            files = [p for p in folder.iterdir() if _is_image(p)] if folder.is_dir() else []
            files.sort(key=lambda p: (IMAGE_EXTENSIONS.index(p.suffix.lower()), p.name), reverse=True)
            self._listings[folder] = {p.stem: p for p in files}  # the preferred suffix comes last and stays
        return self._listings[folder]


def _is_image(path: Path) -> bool:
    return not path.name.startswith('.') and path.suffix.lower() in IMAGE_EXTENSIONS


def read_image_list(path: str | Path) -> list[str]:
    """The image names (stems) of an ``ImageSets/Main/*.txt`` file; empty lines and hidden files are left out.

    Raises:
        UserError: the file does not exist or holds no name.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"list of images '{path}' does not exist: correct ann_file or data_root in the config")
    stems = [line.strip() for line in path.read_text(encoding='utf-8').splitlines()]
    stems = [stem for stem in stems if stem and not Path(stem).name.startswith('.')]
    if not stems:
        raise UserError(f"list of images '{path}' is empty: it needs one image name without suffix on each line")
    return stems


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The names of ``known`` that look most like ``name`` (case ignored), best first; may be empty."""
    by_lower = {str(k).lower(): str(k) for k in known}
    return [by_lower[match] for match in difflib.get_close_matches(str(name).lower(), by_lower, n=count, cutoff=0.4)]


def unknown_class_error(path: str | Path, name: str, classes: Sequence[str], more: int = 0) -> UserError:
    """The error for an object whose class is not in ``classes``; ``more`` counts further such objects."""
    near = nearest_names(name, classes)
    hint = f"; nearest: {', '.join(map(repr, near))}" if near else ''
    others = f' and {more} more objects' if more else ''
    return UserError(f"'{path}' has an object of class {name!r}{others}, which is not one of the classes "
                     f'{tuple(classes)}{hint}: add it to the classes of metainfo or correct the file')
