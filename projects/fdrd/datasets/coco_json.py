"""COCO annotation files, read strictly: what pycocotools and mmdet fail on later is said here in one sentence.

What a file does not say and everybody means alike is filled in: the area of a box, and that an object is no crowd.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mminspect.core.errors import UserError
from mminspect.core.text_files import encoding_of, parse_json, read_bytes

_LISTS = ('images', 'annotations', 'categories')
_NEEDED = {
    'images': ('id', 'file_name', 'width', 'height'),
    'annotations': ('id', 'image_id', 'category_id', 'bbox'),
    'categories': ('id', 'name'),
}
#: Pixels; more are no size of an image.
_LARGEST = 2**31
#: numpy, by which pycocotools sorts ids of images and categories, holds no larger whole numbers.
_LARGEST_ID = 2**63
#: Names of a file, a class or an id are shown up to this length.
_SHOWN = 120


@dataclass(frozen=True)
class COCOFile:
    """One annotation file.

    Attributes:
        content: The parsed file, with the lists ``images``, ``annotations`` and ``categories`` complete and their ids
            unique; every annotation has ``area`` and ``iscrowd``.
        encoding: Python's name of that in which it is written.
        completed: Names of the annotations that do not say ``area`` or ``iscrowd``, by that key.
    """

    content: dict
    encoding: str
    completed: dict[str, list[str]] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether pycocotools reads the file by itself, and mmdet finds in it all that it asks for."""
        return self.encoding == 'utf-8' and not self.completed

    def oddities(self) -> list[str]:
        """What :attr:`plain` misses, in words, with counts and the first three names."""
        written = 'UTF-8 with a byte-order mark' if self.encoding == 'utf-8-sig' else self.encoding
        return [*([] if self.encoding == 'utf-8' else [f'it is in {written}']),
                *(f"{len(names)} annotations do not say {key} ({', '.join(names[:3])}{', ...' if names[3:] else ''})"
                  for key, names in self.completed.items())]


def load_coco(path: str | Path) -> dict:
    """The content of :func:`read_coco`."""
    return read_coco(path).content


def read_coco(path: str | Path) -> COCOFile:
    """Read, validate and complete one COCO annotation file, in any encoding that it names by its byte-order mark.

    Raises:
        UserError: missing, empty or not JSON, a list or a key is missing, a value is of another kind, an id is used
            twice or points nowhere, two categories have one name.
    """
    data, encoding = _load_json(Path(path))
    _check_lists(data, path)
    for key in _LISTS:
        _check_entries(data[key], key, path)
        _check_ids(data[key], key, path)
    if not data['images']:
        raise UserError(f"annotation file '{path}' lists no images: point ann_file at the file that has them or export "
                        'it again')
    for image in data['images']:
        _check_image(image, path)
    _check_names(data, path)
    _check_references(data, path)
    completed: dict[str, list[str]] = {}
    for annotation in data['annotations']:
        _check_box(annotation, path)
        for key in _complete(annotation):
            completed.setdefault(key, []).append(f"annotation {_shown(annotation['id'], text=False)}")
        _check_annotation(annotation, path)
    return COCOFile(data, encoding, completed)


def _load_json(path: Path) -> tuple[object, str]:
    """What the file holds, and its encoding."""
    if not path.is_file():
        others = sorted(p.name for p in path.parent.glob('*.json') if not p.name.startswith('.'))[:5]
        beside = f"; '{path.parent}' holds {', '.join(others)}" if others else ''
        raise UserError(f"annotation file '{path}' does not exist{beside}: correct data_root or ann_file in the "
                        'config, or set the environment variable MMINSPECT_DATA to the folder of your data sets')
    data, name = read_bytes(path), f"annotation file '{path}'"
    return parse_json(data, name), encoding_of(data, name)


def _check_lists(data: object, path: str | Path) -> None:
    """The file is an object with the three lists; another has another remedy by what it holds."""
    lacking = [key for key in _LISTS if not isinstance(data, dict) or not isinstance(data.get(key), list)]
    if not lacking:
        return
    if isinstance(data, list):
        does = 'it is one list, as results of a detector are: name the file of the annotations, or export it again'
    elif len(lacking) == len(_LISTS):
        does = 'it has none of them: export it again as COCO for object detection'
    else:
        does = f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing or no list: export it again"
    raise UserError(f"annotation file '{path}' is not in COCO format: it needs the lists {', '.join(_LISTS)}; {does}")


def _check_entries(entries: list, key: str, path: str | Path) -> None:
    """Every entry has what mmdet and pycocotools read without asking."""
    for number, entry in enumerate(entries):
        lacking = [k for k in _NEEDED[key] if k not in entry] if isinstance(entry, dict) else list(_NEEDED[key])
        if lacking:
            raise UserError(f"entry {number} of '{key}' in '{path}' lacks {', '.join(lacking)}: complete the file "
                            '(area is width*height of the box, iscrowd is 0)')


def _check_ids(entries: list[dict], key: str, path: str | Path) -> None:
    """Ids are whole numbers or texts, of one kind, and each is used once."""
    for number, entry in enumerate(entries):
        if not _is_id(entry['id'], key):
            raise UserError(f"entry {number} of '{key}' in '{path}' has the id {_shown(entry['id'])}: an id must be a "
                            f"whole number{'' if key == 'annotations' else ' below 2^63'}, or a text, so number the "
                            'entries again')
    texts = [entry['id'] for entry in entries if isinstance(entry['id'], str)]
    if texts and len(texts) < len(entries):
        raise UserError(f"ids of '{key}' in '{path}' are numbers and, {len(texts)} of {len(entries)}, texts (first: "
                        f'{_shown(texts[0])}): number all of them')
    repeated = [i for i, n in Counter(entry['id'] for entry in entries).items() if n > 1]
    if repeated:
        raise UserError(f"'{path}' uses the id {_shown(repeated[0], text=False)} more than once in '{key}' "
                        f'({len(repeated)} such ids): number them uniquely')


def _is_id(value: Any, key: str) -> bool:
    if isinstance(value, str):
        return bool(value) and _is_text(value)
    if isinstance(value, float):
        return value.is_integer() and abs(value) < 2**53
    limit = _LARGEST_ID if key != 'annotations' else 10**300
    return type(value) is int and -limit <= value < limit


def _is_text(value: Any) -> bool:
    """Whether it is a text that a file can hold: half a pair of UTF-16, which JSON can name, is none."""
    return isinstance(value, str) and '\0' not in value and (
        value.isascii() or not any('\ud800' <= letter <= '\udfff' for letter in value))


def _is_number(value: Any, limit: float = 1e15) -> bool:
    return type(value) in (int, float) and -limit <= value <= limit  # NaN compares as False


def _shown(value: Any, text: bool = True) -> str:
    """A value in a message, cut to a readable length."""
    shown = repr(value) if text or not isinstance(value, str) else value
    return shown if len(shown) <= _SHOWN else f'{shown[:_SHOWN]}...'


def _check_image(image: dict, path: str | Path) -> None:
    name = image['file_name']
    if not _is_text(name) or not name.strip():
        raise UserError(f"image {_shown(image['id'])} in '{path}' has the file_name {_shown(name)}: it must be the "
                        'name of a file below the folder of images')
    if not all(_is_number(image[side], _LARGEST) and image[side] > 0 for side in ('width', 'height')):
        raise UserError(f"image '{name}' in '{path}' has no positive width and height ({_shown(image['width'])} and "
                        f"{_shown(image['height'])}): correct it")


def _check_names(data: dict, path: str | Path) -> None:
    """Names of the categories are texts or numbers, and no two have one name."""
    for category in data['categories']:
        if not ((_is_text(category['name']) and category['name']) or _is_number(category['name'])):
            raise UserError(f"category {_shown(category['id'])} in '{path}' has the name {_shown(category['name'])}: "
                            'give it a text')
    counts = Counter(category['name'] for category in data['categories'])
    for name in (name for name, count in counts.items() if count > 1):
        raise UserError(_named_twice(data, name, path))


def _named_twice(data: dict, name: str, path: str | Path) -> str:
    """Which ids share a name, how many annotations each has, and what to do in that very case."""
    ids = [category['id'] for category in data['categories'] if category['name'] == name]
    counts = Counter(a['category_id'] for a in data['annotations'] if isinstance(a['category_id'], int | float | str))
    used = [i for i in ids if counts[i]] or ids[:1]
    listed = ', '.join(f'{_shown(i)} with {counts[i]} annotations' for i in ids)
    unused = ', '.join(_shown(i) for i in ids if i not in used)
    merge = '' if len(used) == 1 else (f'write category_id {_shown(used[0])} into the annotations of '
                                       f"{', '.join(map(_shown, used[1:]))}, or give those categories other names; ")
    drop = f"delete categor{'y' if len(ids) == 2 else 'ies'} {unused or ', '.join(map(_shown, used[1:]))}"
    return f"'{path}' has {len(ids)} categories named {_shown(name)} (id {listed}): {merge}{drop}"


def _check_references(data: dict, path: str | Path) -> None:
    images = {image['id'] for image in data['images']}
    categories = {category['id'] for category in data['categories']}
    for annotation in data['annotations']:
        for key, known in (('image_id', images), ('category_id', categories)):
            value = annotation[key]
            if isinstance(value, bool) or not isinstance(value, int | float | str) or value not in known:
                other = next(iter(known), '')
                kinds = (f' (ids there are like {_shown(other)})' if isinstance(other, str) != isinstance(value, str)
                         else '')
                raise UserError(f"annotation {_shown(annotation['id'])} in '{path}' has {key} {_shown(value)}, which "
                                f'is not listed there{kinds}: correct it or delete the annotation')


def _check_box(annotation: dict, path: str | Path) -> None:
    box, name = annotation['bbox'], f"annotation {_shown(annotation['id'])} in '{path}'"
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        raise UserError(f'{name} has no bbox of four numbers ({_shown(box)}): correct it to [x, y, width, height] or '
                        'delete it')


def _complete(annotation: dict) -> list[str]:
    """Fill in what is missing or null, in place; returns the keys."""
    box = annotation['bbox']
    defaults = dict(area=box[2] * box[3], iscrowd=0)
    keys = [key for key in defaults if annotation.get(key) is None]
    annotation.update({key: defaults[key] for key in keys})
    return keys


def _check_annotation(annotation: dict, path: str | Path) -> None:
    """Values that mmdet calculates with, or asserts, are what they should be."""
    box, name = annotation['bbox'], f"annotation {_shown(annotation['id'])} in '{path}'"
    if not _is_number(annotation['area']):
        raise UserError(f"{name} has the area {_shown(annotation['area'])}: write width*height of its box, "
                        f'{box[2] * box[3]:g}')
    crowd = annotation['iscrowd']
    if not isinstance(crowd, int) or crowd not in (0, 1):
        raise UserError(f'{name} has iscrowd {_shown(crowd)}: write 0, or 1 for a group of objects')
    if not _is_segmentation(annotation.get('segmentation')):
        raise UserError(f"{name} has a segmentation ({_shown(annotation['segmentation'])}) that is neither a list of "
                        'polygons nor counts with a size: correct it, or take it out where boxes are enough')


def _is_segmentation(value: Any) -> bool:
    """None, polygons [[x, y, x, y, ...], ...], one such list, or a mask of run lengths."""
    if isinstance(value, dict):
        counts, size = value.get('counts'), value.get('size')
        return (isinstance(size, list) and len(size) == 2 and all(map(_is_number, size))
                and (isinstance(counts, str) or (isinstance(counts, list) and all(map(_is_number, counts)))))
    if not isinstance(value, list):
        return not value
    return all(map(_is_number, value)) or all(isinstance(part, list) and all(map(_is_number, part)) for part in value)
