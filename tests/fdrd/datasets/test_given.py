"""The count of what a data set gives; test_checks and test_real_cases compare it with mmdet's data sets."""
from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from fdrd.datasets.given import GivenData, count_given
from fdrd.datasets.records import BoxRecord, ImageRecord
from mminspect.core.errors import UserError


@dataclass
class Given:
    """As much of a data set as is counted."""

    data_list: list[dict]
    metainfo: dict = field(default_factory=lambda: dict(classes=('hair', 'metal')))
    filter_cfg: dict | None = None


def item(image: str, *boxes: tuple, **more: object) -> dict:
    """Boxes are (label, ignored, x1, y1, x2, y2)."""
    return dict(img_id=image, instances=[dict(bbox=list(corners), bbox_label=label, ignore_flag=flag)
                                         for label, flag, *corners in boxes], **more)


def record(name: str, *boxes: tuple[float, ...], **more: str) -> ImageRecord:
    return ImageRecord(name, None, (64, 48), [BoxRecord(f'box {n}', 'hair', box, **more)
                                              for n, box in enumerate(boxes, 1)])


def test_same_boxes_are_counted_as_often_as_they_are_given() -> None:
    records = [record('a', (1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4)), record('b', (1, 2, 3, 4))]
    found = count_given(records, Given([item('a', (0, 0, 1, 2, 4, 6), (0, 1, 1, 2, 4, 6))]), 'a.json')
    assert (found.boxes, found.listed_boxes, found.images, found.listed_images) == (1, 4, 1, 2)
    assert found.ignored == {'ignored by the data set': ["box 2 of 'a'"]}
    assert found.dropped == {'left out by the data set': ["box 3 of 'a'"],
                             'in an image that is left out': ["box 1 of 'b'"]}
    assert found.images_out == {'left out by the data set': ["'b'"]}
    assert found.fullest == ('a', 1)


def test_a_box_of_another_class_or_place_is_not_the_same() -> None:
    given = Given([item('a', (1, 0, 1, 2, 4, 6), (0, 0, 1, 2, 4, 7))])
    found = count_given([record('a', (1, 2, 3, 4), dropped='of no use')], given, 'a.json')
    assert found.boxes == 0 and found.dropped == {'of no use': ["box 1 of 'a'"]}


def test_warnings_and_errors() -> None:
    left = GivenData('a.json', 2, 1, 3, dict(hair=2, metal=0), dropped={'tiny': ["box 1 of 'a'"]},
                     images_out={'too small': ["'b'"]})
    left.refuse_nothing()
    assert left.warnings() == ["'a.json': 2 of 3 boxes are labels; 1 dropped: 1 tiny (box 1 of 'a')",
                               "'a.json': 1 of 2 images are used; left out are 1 too small ('b')",
                               "'a.json': class 'metal' has no object"]
    with pytest.raises(UserError, match=r"'a.json' gives no object to learn, though it lists 3: 1 crowd \(x\), 2 tiny "
                                        r"\(y, z\); correct the file"):
        GivenData('a.json', 2, 2, 3, dict(hair=0), dict(crowd=['x']), dict(tiny=['y', 'z'])).refuse_nothing()
    with pytest.raises(UserError, match=r"'a.json' gives none of its 2 images: 2 too small \('a', 'b'\); correct"):
        GivenData('a.json', 2, 0, 3, dict(hair=0), images_out={'too small': ["'a'", "'b'"]}).refuse_nothing()
    assert GivenData('a.json', 1, 1, 2, dict(hair=2)).warnings() == []


def test_copies_of_a_label_are_named_and_ignored_ones_are_not() -> None:
    boxes = (1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4), (5, 6, 3, 4)
    corners = (1, 2, 4, 6), (1, 2, 4, 6), (1, 2, 4, 6), (5, 6, 8, 10)
    twice = Given([item('a', *((0, flag, *place) for flag, place in zip((0, 0, 1, 0), corners, strict=True))),
                   item('b', (0, 0, 1, 2, 4, 6), (1, 0, 1, 2, 4, 6))])
    other_class = [BoxRecord(f'box {n}', name, (1, 2, 3, 4)) for n, name in enumerate(('hair', 'metal'), 1)]
    found = count_given([record('a', *boxes), ImageRecord('b', None, (64, 48), other_class)], twice, 'a.json')
    assert found.repeated == ["box 2 of 'a'"] and found.boxes == 5
    assert "'a.json': 1 labels repeat another of their image, of the same place and class (box 2 of 'a'): a detector " \
           'finds an object once, so that the copies can only be missed; remove them' in found.warnings()
