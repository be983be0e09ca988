"""What a data set gives to a training, beside what its files list: boxes that are labels, ignored, or dropped, and why.

The built data set is counted, not the file, so that the count cannot disagree with the training.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmdet.datasets import BaseDetDataset

from mminspect.core.errors import UserError

from .records import BoxRecord, ImageRecord

#: ``ignore_flag`` of mmdet's instances, and what stands for boxes that are not among them.
LABEL, IGNORED, DROPPED = 0, 1, -1
#: Names that a message shows of each reason.
_NAMED = 3


@dataclass(frozen=True)
class GivenData:
    """The count.

    Attributes:
        source: The annotation file or list.
        listed_images: Images that it lists.
        images: Of them, those that the data set gives.
        listed_boxes: Boxes in all listed images.
        labels: Boxes that are given as labels, by class; classes without any have 0.
        ignored: Names of the boxes that are neither labels nor background, by reason.
        dropped: Names of the boxes that are not given at all, by reason: what they show is learnt as background.
        images_out: Names of the images that are not given, by reason.
        fullest: Name of the image with most labels, and how many; of a tiled data set, of the tile.
        repeated: Names of the labels that repeat one of their image: same place, same class.
    """

    source: str
    listed_images: int
    images: int
    listed_boxes: int
    labels: dict[str, int]
    ignored: dict[str, list[str]] = field(default_factory=dict)
    dropped: dict[str, list[str]] = field(default_factory=dict)
    images_out: dict[str, list[str]] = field(default_factory=dict)
    fullest: tuple[str, int] = ('', 0)
    repeated: list[str] = field(default_factory=list)

    @property
    def boxes(self) -> int:
        """Boxes that are given as labels."""
        return sum(self.labels.values())

    def refuse_nothing(self) -> None:
        """Raise UserError, with the reasons and their counts, if no image or no label is left."""
        if not self.images:
            raise UserError(f"'{self.source}' gives none of its {self.listed_images} images: {_told(self.images_out)}; "
                            'correct filter_cfg in the config')
        if not self.boxes:
            raise UserError(f"'{self.source}' gives no object to learn, though it lists {self.listed_boxes}: "
                            f'{_told({**self.ignored, **self.dropped})}; correct the file, or filter_cfg in the config')

    def warnings(self) -> list[str]:
        """One sentence each for boxes and images of which a part is not given, and for classes without a label."""
        found = []
        if self.boxes < self.listed_boxes:
            parts = [f'{_count(reasons)} {what}: {_told(reasons)}' for what, reasons in (
                ('ignored', self.ignored), ('dropped', self.dropped)) if reasons]
            found.append(f"{self.boxes} of {self.listed_boxes} boxes are labels; {'; '.join(parts)}")
        if self.images_out:
            found.append(f'{self.images} of {self.listed_images} images are used; left out are '
                         f'{_told(self.images_out)}')
        if self.repeated:
            reason = 'labels repeat another of their image, of the same place and class'
            found.append(f'{_told({reason: self.repeated})}: a detector finds an object once, so that the copies can '
                         'only be missed; remove them')
        found += [f'class {name!r} has no object' for name, count in self.labels.items() if not count]
        return [f"'{self.source}': {text}" for text in found]


def _count(reasons: dict[str, list[str]]) -> int:
    return sum(map(len, reasons.values()))


def _told(reasons: dict[str, list[str]]) -> str:
    """'2 marked as crowd (annotation 1 of '1.jpg', annotation 2 of '2.jpg'), 1 with ...'."""
    return ', '.join(f"{len(names)} {reason} ({', '.join(names[:_NAMED])}{', ...' if names[_NAMED:] else ''})"
                     for reason, names in reasons.items())


def count_given(records: Sequence[ImageRecord], dataset: BaseDetDataset, source: str) -> GivenData:
    """Compare what a data set gives with what its files list.

    Args:
        records: All images and boxes that are listed; ``dropped`` and ``ignored`` of a box are the reason where the
            data set does not give it.
        dataset: Built of the same files, with ``serialize_data=False``.
        source: The annotation file or list, for messages.
    """
    classes = tuple(dataset.metainfo['classes'])
    given: dict[object, list[dict]] = {}
    for item in dataset.data_list:
        given.setdefault(item['img_id'], []).append(item)
    labels, ignored, dropped, out, repeated = Counter(dict.fromkeys(classes, 0)), {}, {}, {}, []
    for record in records:
        items = given.get(record.identity)
        if items is None:
            out.setdefault(_why_out(record, dataset), []).append(f"'{record.name}'")
        states = _states(record.boxes, [_keys(items or (), classes, flag) for flag in (LABEL, IGNORED)])
        seen = set()
        for box, state in zip(record.boxes, states, strict=True):
            name = f"{box.name} of '{record.name}'"
            if state == LABEL:
                labels[box.category] += 1
                key = _key(box.category, _corners(box))
                if key in seen:
                    repeated.append(name)
                seen.add(key)
            elif state == IGNORED:
                ignored.setdefault(box.ignored or _why_ignored(dataset), []).append(name)
            else:
                why = 'in an image that is left out' if items is None else box.dropped or 'left out by the data set'
                dropped.setdefault(why, []).append(name)
    names = {record.identity: record.name for record in records}
    counts = [(sum(not one['ignore_flag'] for one in item['instances']), item['img_id']) for item in dataset.data_list]
    most, where = max(counts, key=lambda pair: pair[0], default=(0, None))
    return GivenData(source, len(records), sum(record.identity in given for record in records),
                     sum(len(record.boxes) for record in records), dict(labels), ignored, dropped, out,
                     (str(names.get(where, where)), most), repeated)


def _states(boxes: Sequence[BoxRecord], given: Sequence[Counter]) -> list[int]:
    """Each box's ``ignore_flag`` in the data set, or :data:`DROPPED`.

    Of boxes in the same place those that have no reason to be left out are taken for the given ones first.
    """
    states = [DROPPED] * len(boxes)
    for place in sorted(range(len(boxes)), key=lambda n: (bool(boxes[n].dropped), bool(boxes[n].ignored))):
        key = _key(boxes[place].category, _corners(boxes[place]))
        for state in (IGNORED, LABEL) if boxes[place].ignored else (LABEL, IGNORED):
            if given[state][key] > 0:
                given[state][key] -= 1
                states[place] = state
                break
    return states


def _key(category: object, corners: Sequence[float]) -> tuple:
    return (category, *corners)


def _corners(box: BoxRecord) -> tuple[float, float, float, float]:
    x, y, width, height = box.xywh
    return x, y, x + width, y + height


def _keys(items: Sequence[dict], classes: Sequence[str], flag: int) -> Counter:
    """The boxes of an image with this ``ignore_flag``; one that several tiles show counts once."""
    found: Counter = Counter()
    for item in items:
        shown = Counter(_key(classes[one['bbox_label']], one.get('whole', one['bbox'])) for one in item['instances']
                        if one['ignore_flag'] == flag)
        found = found | shown if 'tile' in item else found + shown
    return found


def _why_out(record: ImageRecord, dataset: BaseDetDataset) -> str:
    """Why ``filter_data`` leaves an image out."""
    options = dataset.filter_cfg or {}
    if record.size and min(record.size) < options.get('min_size', 0):
        return f"smaller than min_size={options['min_size']} of filter_cfg"
    if options.get('filter_empty_gt') and not any(not box.dropped for box in record.boxes):
        return 'without an object, by filter_empty_gt'
    return 'left out by the data set'


def _why_ignored(dataset: BaseDetDataset) -> str:
    least = (dataset.filter_cfg or {}).get('bbox_min_size')
    if least:
        return f'smaller than bbox_min_size={least} of filter_cfg'
    return 'ignored by the data set' if not hasattr(dataset, 'min_visible') else 'cut off in every tile'
