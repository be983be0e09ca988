"""Boxes in another form than the file's format has: corners in the place of sizes, shares in the place of pixels."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mminspect.core.errors import UserError

from .records import ImageRecord

#: Images, and boxes of an image, that are looked at for overlaps.
_MOST = 60
#: IoU from which two boxes overlap.
_OVERLAP = 0.1


def refuse_shares(records: Sequence[ImageRecord], source: str) -> None:
    """Raise UserError if all boxes lie between 0 and 1, as shares of the image's sides do, and not all are whole."""
    boxes = [box.xywh for record in records for box in record.boxes]
    if not boxes or any(not 0 <= value <= 1 for box in boxes for value in box):
        return
    if any(value != int(value) for box in boxes for value in box):
        raise UserError(f"all {len(boxes)} boxes of '{source}' lie between 0 and 1 (first: "
                        f"{', '.join(f'{value:g}' for value in boxes[0])}), as shares of the image's sides do: "
                        'multiply them by its width and height in pixels')


def corner_hint(data: dict) -> str:
    """Words for a message where the boxes look like corners x1, y1, x2, y2 instead of x, y, width, height; or none.

    As corners all of them lie in their images, and read as sizes they leave the image, overlap each other in most
    cases where corners do not, or have an area that is not theirs but that between the corners.

    Args:
        data: from :func:`fdrd.datasets.coco_json.load_coco`.
    """
    sizes = {image['id']: (image['width'], image['height']) for image in data['images']}
    boxes = [(a['image_id'], a['bbox'], a['area']) for a in data['annotations'] if not a['iscrowd']]
    if not boxes or not all(x1 < x2 <= sizes[i][0] + 1 and y1 < y2 <= sizes[i][1] + 1
                            for i, (x1, y1, x2, y2), _ in boxes):
        return ''
    leaving = sum(x + w > sizes[i][0] + 1 or y + h > sizes[i][1] + 1 for i, (x, y, w, h), _ in boxes)
    between = sum(_is_between(box, area) for _, box, area in boxes)
    looked, overlapping, apart = _overlaps(boxes)
    evidence = [text for found, text in (
        (leaving, f'{leaving} of {len(boxes)} leave the image'),
        (between > len(boxes) / 2, f'the area of {between} of {len(boxes)} is that between such corners'),
        (overlapping > looked / 2 and apart <= overlapping / 4,
         f'{overlapping} of {looked} overlap another one, as corners {apart}')) if found]
    return (f'the boxes look like corners x1, y1, x2, y2, while COCO has x, y, width, height ({"; ".join(evidence)}): '
            'subtract x1 and y1 from the other two' if evidence else '')


def _is_between(box: Sequence[float], area: float) -> bool:
    """Whether the area is that between corners, not that of the sides."""
    x1, y1, x2, y2 = box
    return (math.isclose(area, (x2 - x1) * (y2 - y1), rel_tol=0.02) and not math.isclose(area, x2 * y2, rel_tol=0.02))


def _overlaps(boxes: Sequence[tuple]) -> tuple[int, int, int]:
    """How many boxes were looked at, and how many of them overlap another one, read as sizes and as corners."""
    images: dict[Any, list[Sequence[float]]] = {}
    for image, box, _ in boxes:
        images.setdefault(image, []).append(box)
    groups = [group[:_MOST] for group in list(images.values())[:_MOST]]
    as_sizes = [[(x, y, x + w, y + h) for x, y, w, h in group] for group in groups]
    return sum(map(len, groups)), sum(map(_crowded, as_sizes)), sum(map(_crowded, groups))


def _crowded(corners: Sequence[Sequence[float]]) -> int:
    """How many of the boxes x1, y1, x2, y2 overlap another one."""
    return sum(any(_iou(one, other) > _OVERLAP for k, other in enumerate(corners) if k != n)
               for n, one in enumerate(corners))


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    both = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both) if both else 0.0
