"""What every annotation format comes down to, and the checks that hold for all of them.

A checker names the first offender and counts the others: a list of thousands helps nobody.
"""
from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mminspect.core.errors import UserError
from mminspect.vision.image_files import ImageProbe, probe_image
from mminspect.vision.image_sets import describe_images, refuse_other_readers
from mminspect.vision.reading import Reading

#: Boxes may reach this far (pixels) over the border: annotation tools round, and the pipeline clips it off.
BORDER_TOLERANCE = 1.0
#: Boxes with a side below this (pixels) are counted in a warning: hardly any detector finds them.
TINY_SIDE = 4


@dataclass(frozen=True, slots=True)
class BoxRecord:
    """One annotated box.

    Attributes:
        name: How to name it to the user, by its place in the file.
        category: Its class.
        xywh: (x, y, width, height) in pixels.
        dropped: Why the data set does not give it at all; empty where it does.
        ignored: Why it is given as ignored, neither a label nor background; empty where it is a label.
    """

    name: str
    category: str
    xywh: tuple[float, float, float, float]
    dropped: str = ''
    ignored: str = ''


@dataclass(frozen=True)
class ImageRecord:
    """One image.

    Attributes:
        name: In the annotations.
        path: Its file; None where it was not found.
        size: Annotated (width, height); None where the annotation does not say.
        boxes: Of it.
        probe: What a look at the file has found, if its reader took one.
        key: ``img_id`` of the data set, if that is not the name.
    """

    name: str
    path: Path | None
    size: tuple[int, int] | None
    boxes: list[BoxRecord] = field(default_factory=list)
    probe: ImageProbe | None = field(default=None, compare=False, repr=False)
    key: int | str | None = field(default=None, compare=False)

    @property
    def identity(self) -> int | str:
        """What the data set gives as ``img_id``."""
        return self.name if self.key is None else self.key


def count_classes(records: Iterable[ImageRecord]) -> Counter[str]:
    """Number of objects by class, with those that the data set does not give."""
    return Counter(box.category for record in records for box in record.boxes)


def check_any_object(records: Sequence[ImageRecord], source: str) -> None:
    """Raise UserError if not one of the images has a box."""
    if not any(record.boxes for record in records):
        raise UserError(f"'{source}' lists {len(records)} images but not one annotated object: add annotations, or "
                        'point ann_file at the file that has them')


def check_boxes(records: Sequence[ImageRecord], source: str, hint: str = '') -> list[str]:
    """Check that every box has a positive size and lies inside its image.

    Args:
        records: all images of one data set.
        source: the annotation file or list, for the message.
        hint: one more thing to try, for the message of a box outside its image.

    Returns:
        warnings: boxes just over the border, tiny boxes, images without boxes.

    Raises:
        UserError: a box of zero or negative size or outside its image.
    """
    _raise_first([(r, b) for r, b in _pairs(records) if not _has_size(b)], source,
                 'has zero or negative size', 'correct or delete it')
    outside = [(r, b) for r, b in _pairs(records) if _overhang(r, b) > BORDER_TOLERANCE]
    _raise_first(outside, source, 'lies outside its image', f'correct it{hint}')
    return _box_warnings(records, source, hint)


def _pairs(records: Sequence[ImageRecord]) -> Iterator[tuple[ImageRecord, BoxRecord]]:
    return ((record, box) for record in records for box in record.boxes)


def _has_size(box: BoxRecord) -> bool:
    return all(map(math.isfinite, box.xywh)) and box.xywh[2] > 0 and box.xywh[3] > 0


def _overhang(record: ImageRecord, box: BoxRecord) -> float:
    """How many pixels the box reaches over the border of its image, at most over the four sides; 0 if inside."""
    if record.size is None:
        return 0.0
    x, y, w, h = box.xywh
    return max(0.0, -x, -y, x + w - record.size[0], y + h - record.size[1])


def _raise_first(bad: list[tuple[ImageRecord, BoxRecord]], source: str, what: str, do: str) -> None:
    if not bad:
        return
    record, box = bad[0]
    size = f' of {record.size[0]}x{record.size[1]} pixels' if record.size else ''
    numbers = ', '.join(f'{v:g}' for v in box.xywh)
    raise UserError(f"{box.name} of image '{record.name}'{size} in '{source}' {what} (x, y, width, height = {numbers})"
                    f'{_more(len(bad), "box", "boxes")}: {do}')


def _more(total: int, one: str, many: str) -> str:
    """'; 3 more boxes like it' for all but the first of ``total``."""
    return f'; {total - 1} more {one if total == 2 else many} like it' if total > 1 else ''


def _box_warnings(records: Sequence[ImageRecord], source: str, hint: str) -> list[str]:
    count = sum(len(record.boxes) for record in records)
    over = sum(_overhang(r, b) > 1e-3 for r, b in _pairs(records))
    tiny = sum(min(b.xywh[2:]) < TINY_SIDE for _, b in _pairs(records))
    lost = sum(min(b.xywh[2:]) < 1 for _, b in _pairs(records))
    empty = sum(not record.boxes for record in records)
    candidates = [
        (over, f'{over} of {count} boxes reach up to {BORDER_TOLERANCE:g} px over the border of their image{hint}'),
        (tiny, f'{tiny} of {count} boxes have a side below {TINY_SIDE} px: think of a larger input scale or tiles'),
        (lost, f'{lost} of {count} boxes have a side below 1 px: no detector learns them, so delete them'),
        (empty, f'{empty} of {len(records)} images have no object'),
    ]
    return [f"'{source}': {text}" for number, text in candidates if number]


def look(record: ImageRecord, orientation: bool = True, max_value: float | None = None) -> ImageProbe | None:
    """What a look at the file of a record finds; None where there is no file, or a name that no system takes."""
    return probe_image(record.path, orientation, max_value) if record.path and os.path.isfile(record.path) else None


def check_images(records: Sequence[ImageRecord], source: str, folder: Path, reading: Reading = Reading(),  # noqa: B008
                 steps: Sequence[Mapping[str, Any]] = ()) -> list[str]:
    """Check that every image file is there, whole, and as large as its annotation says.

    Args:
        records: all images of one data set.
        source: the annotation file or list, for the message.
        folder: where the images lie.
        reading: how they are read.
        steps: the pipeline's config, whose loader must show them as the inspection does.

    Returns:
        warnings: orientations of EXIF, and 12 bits in 16 without a declared white.

    Raises:
        UserError: for the first kind of trouble found, in the order missing, damaged, other size, other loader.
    """
    if not folder.is_dir():
        raise UserError(f"the image folder '{folder}' of '{source}' does not exist: put the images there or correct "
                        'data_root and data_prefix in the config')
    probes = [(r, r.probe if r.probe and not r.probe.problem else look(r, reading.orientation, reading.max_value))
              for r in records]
    missing = [r.name for r, probe in probes if probe is None or probe.problem == 'missing']
    if missing:
        raise UserError(f"image file '{missing[0]}' of '{source}' is not in '{folder}'"
                        f'{_more(len(missing), "image", "images")}: copy it there or correct data_prefix in the config')
    damaged = [(r, probe) for r, probe in probes if probe.problem]
    if damaged:
        record, probe = damaged[0]
        raise UserError(f"image file '{record.path}' is {probe.problem}{_more(len(damaged), 'image', 'images')}"
                        ': copy it again from its source or remove it from the annotations')
    resized = [(r, probe) for r, probe in probes if r.size and r.size != probe.size]
    if resized:
        record, probe = resized[0]
        raise UserError(f"image file '{record.path}' has {probe.size[0]}x{probe.size[1]} pixels but '{source}' says "
                        f'{record.size[0]}x{record.size[1]}{_more(len(resized), "image", "images")}: the boxes would '
                        'be in the wrong place, so use the images that were annotated or correct the annotation')
    paths, found = [str(r.path) for r, _ in probes], [probe for _, probe in probes]
    refuse_other_readers(steps, paths, found)
    return [f"'{source}': {text}" for text in describe_images(paths, found, reading)]
