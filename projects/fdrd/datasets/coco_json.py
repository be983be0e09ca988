"""COCO annotation files, read strictly: what pycocotools and mmdet fail on later is said here in one sentence."""
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from mminspect.core.errors import UserError

from .records import BoxRecord, ImageRecord

_LISTS = ('images', 'annotations', 'categories')
_NEEDED = {
    'images': ('id', 'file_name', 'width', 'height'),
    'annotations': ('id', 'image_id', 'category_id', 'bbox', 'area', 'iscrowd'),
    'categories': ('id', 'name'),
}


def load_coco(path: str | Path) -> dict:
    """Read and validate one COCO annotation file.

    Returns:
        the parsed file, with the lists ``images``, ``annotations`` and ``categories`` complete and their ids unique.

    Raises:
        UserError: missing, empty or not JSON, a list or a key is missing, an id is used twice or points nowhere.
    """
    data = _load_json(Path(path))
    if not isinstance(data, dict) or any(not isinstance(data.get(key), list) for key in _LISTS):
        raise UserError(f"annotation file '{path}' is not in COCO format: it needs the lists {', '.join(_LISTS)}; "
                        'convert VOC with tools/datasets/voc2coco.py')
    for key in _LISTS:
        _check_entries(data[key], key, path)
    if not data['images']:
        raise UserError(f"annotation file '{path}' lists no images: point ann_file at the file that has them or export "
                        'it again')
    _check_references(data, path)
    return data


def _load_json(path: Path) -> object:
    if not path.is_file():
        others = sorted(p.name for p in path.parent.glob('*.json') if not p.name.startswith('.'))[:5]
        beside = f"; '{path.parent}' holds {', '.join(others)}" if others else ''
        raise UserError(f"annotation file '{path}' does not exist{beside}: correct data_root or ann_file in the "
                        'config, or set the environment variable MMINSPECT_DATA to the folder of your data sets')
    try:
        text = path.read_text(encoding='utf-8-sig')
        if not text.strip():
            raise UserError(f"annotation file '{path}' is empty: export or copy it again")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"annotation file '{path}' is not valid JSON ({error}): export or copy it again") from None


def _check_entries(entries: list, key: str, path: str | Path) -> None:
    """Every entry has what mmdet and pycocotools read without asking, and an id of its own."""
    for number, entry in enumerate(entries):
        lacking = [k for k in _NEEDED[key] if k not in entry] if isinstance(entry, dict) else list(_NEEDED[key])
        if lacking:
            raise UserError(f"entry {number} of '{key}' in '{path}' lacks {', '.join(lacking)}: complete the file "
                            '(area is width*height of the box, iscrowd is 0)')
    repeated = [i for i, n in Counter(entry['id'] for entry in entries).items() if n > 1]
    if repeated:
        raise UserError(f"'{path}' uses the id {repeated[0]} more than once in '{key}' ({len(repeated)} such ids): "
                        'number them uniquely')


def _check_references(data: dict, path: str | Path) -> None:
    for image in data['images']:
        if not all(isinstance(image[side], int | float) and image[side] > 0 for side in ('width', 'height')):
            raise UserError(f"image '{image['file_name']}' in '{path}' has no positive width and height: correct it")
    images = {image['id'] for image in data['images']}
    categories = {category['id'] for category in data['categories']}
    for annotation in data['annotations']:
        box = annotation['bbox']
        if not isinstance(box, list) or len(box) != 4 or not all(isinstance(v, int | float) for v in box):
            raise UserError(f"annotation {annotation['id']} in '{path}' has no bbox of four numbers: correct it to "
                            '[x, y, width, height] or delete it')
        for key, known in (('image_id', images), ('category_id', categories)):
            if annotation[key] not in known:
                raise UserError(f"annotation {annotation['id']} in '{path}' has {key} {annotation[key]}, which is not "
                                'listed there: correct it or delete the annotation')


def category_names(data: dict) -> list[str]:
    """Names of the categories in the file's order, which is the order of mmdet's labels."""
    return [category['name'] for category in data['categories']]


def coco_records(data: dict, folder: Path) -> list[ImageRecord]:
    """The images of a validated COCO file with their boxes.

    Args:
        data: from :func:`load_coco`.
        folder: where the images lie.
    """
    names = {category['id']: category['name'] for category in data['categories']}
    records = {image['id']: ImageRecord(image['file_name'], folder / image['file_name'],
                                        (image['width'], image['height'])) for image in data['images']}
    for annotation in data['annotations']:
        records[annotation['image_id']].boxes.append(
            BoxRecord(f"annotation {annotation['id']}", names[annotation['category_id']], tuple(annotation['bbox'])))
    return list(records.values())
