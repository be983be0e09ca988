"""The images and boxes of a COCO file as mmdet's data set will give them, and what is odd about the file."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .records import BoxRecord, ImageRecord

#: An area may be so many times that of its box.
_AREA_ROUNDING = 1.02


def category_names(data: dict) -> list[str]:
    """Names of the categories in the file's order, which is the order of mmdet's labels."""
    return [category['name'] for category in data['categories']]


def coco_records(data: dict, folder: Path, classes: Sequence[str] | None = None) -> list[ImageRecord]:
    """The images of a validated COCO file with their boxes.

    Args:
        data: from :func:`load_coco`.
        folder: where the images lie.
        classes: names that the data set uses; None for all of the file.
    """
    names = {category['id']: category['name'] for category in data['categories']}
    records = {image['id']: ImageRecord(image['file_name'], folder / image['file_name'],
                                        (image['width'], image['height']), key=image['id'])
               for image in data['images']}
    for annotation in data['annotations']:
        record, name = records[annotation['image_id']], names[annotation['category_id']]
        record.boxes.append(BoxRecord(
            f"annotation {annotation['id']}", name, tuple(annotation['bbox']),
            dropped=_why_dropped(annotation, record.size, classes is None or name in classes, name),
            ignored='marked as crowd' if annotation['iscrowd'] else ''))
    return list(records.values())


def _why_dropped(annotation: dict, size: tuple[int, int], listed: bool, name: str) -> str:
    """Why mmdet's ``CocoDataset.parse_data_info`` leaves an annotation out, in its order; empty if it does not."""
    x, y, width, height = annotation['bbox']
    if annotation.get('ignore'):
        return 'marked "ignore"'
    if width <= 0 or height <= 0:
        return 'of zero or negative size'
    if min(x + width, size[0]) <= max(x, 0) or min(y + height, size[1]) <= max(y, 0):
        return 'outside of the image'
    if annotation['area'] <= 0:
        return 'with an area of 0 or less'
    if width < 1 or height < 1:
        return 'with a side below 1 px'
    return '' if listed else f'of category {name!r}, which metainfo does not list'


def file_warnings(data: dict, source: str, folder: Path) -> list[str]:
    """What is odd about a validated file but stops no training, with counts and the first three names.

    Args:
        data: from :func:`load_coco`.
        source: the file, for the message.
        folder: where the images lie.
    """
    return [f"'{source}': {text}" for text in (*_shared_files(data), *_outside(data, folder), *_unmatched_ids(data),
                                                *_odd_areas(data))]


def _shared_files(data: dict) -> list[str]:
    ids: dict[str, list] = {}
    for image in data['images']:
        ids.setdefault(str(Path(image['file_name'].replace('\\', '/'))), []).append(image['id'])
    shared = [f"'{name}' as {' and '.join(map(str, several))}" for name, several in ids.items() if len(several) > 1]
    if not shared:
        return []
    return [f"{len(shared)} image files are listed under more than one id ({', '.join(shared[:3])}): each copy lacks "
            'the boxes of the other, which so are learnt as background; give all of them one id']


def _outside(data: dict, folder: Path) -> list[str]:
    names = [image['file_name'] for image in data['images']]
    far = [name for name in names if Path(name).is_absolute() or '..' in Path(name).parts]
    if not far:
        return []
    return [f"{len(far)} images lie outside of '{folder}' by their file_name ({', '.join(map(repr, far[:3]))}): the "
            'set cannot be moved and may read what is not its own']


def _unmatched_ids(data: dict) -> list[str]:
    """pycocotools keeps the id of what a box was matched with in an array of numbers, where 0 stands for nothing."""
    odd = [a['id'] for a in data['annotations'] if isinstance(a['id'], str) or not a['id']]
    if not odd:
        return []
    return [f"{len(odd)} annotations have an id of 0 or a text (first: {odd[0]!r}), for which mmdet's own CocoMetric "
            'counts found objects as missed or stops: InspectionCocoMetric does not, else number them from 1']


def _odd_areas(data: dict) -> list[str]:
    """Objects of pixels fill at most their box, its ends counted, and at least half of a line along its longer side."""
    odd = []
    for annotation in data['annotations']:
        (_, _, width, height), area = annotation['bbox'], annotation['area']
        largest = _AREA_ROUNDING * (width + 1) * (height + 1)
        if min(width, height, area) > 0 and not max(width, height) / 2 <= area <= largest:
            odd.append(f"annotation {annotation['id']} with {area:g} in a box of {width:g}x{height:g}")
    if not odd:
        return []
    return [f"{len(odd)} annotations have an area that no object in their box has ({', '.join(odd[:3])}), and AP of "
            'small, medium and large objects goes by it: write pixels of the image, width*height of the box where '
            'nothing else is known']
