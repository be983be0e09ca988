"""Boxes in another form than the format has."""
from __future__ import annotations

import numpy as np
import pytest

from fdrd.datasets.box_forms import corner_hint, refuse_shares
from fdrd.datasets.records import BoxRecord, ImageRecord
from mminspect.core.errors import UserError


def coco(boxes: list[list[float]], areas: list[float] | None = None, size: tuple[int, int] = (80, 60)) -> dict:
    return dict(images=[dict(id=1, width=size[0], height=size[1])], annotations=[
        dict(id=n, image_id=1, bbox=box, area=areas[n] if areas else box[2] * box[3], iscrowd=0)
        for n, box in enumerate(boxes)])


def test_corners_by_their_area() -> None:
    assert 'the area of 2 of 2 is that between such corners' in corner_hint(coco([[10, 10, 24, 22]] * 2, [168, 168]))
    assert corner_hint(coco([[10, 10, 24, 22]] * 1)) == ''
    assert corner_hint(coco([[10, 10, 14, 12]] * 1, [100])) == ''  # a mask's area, smaller than the box


def test_corners_that_leave_the_image() -> None:
    text = corner_hint(coco([[10, 10, 24, 22], [50, 40, 64, 52]]))
    assert '1 of 2 leave the image' in text and 'subtract x1 and y1 from the other two' in text
    assert corner_hint(coco([[10, 10, 24, 22], [50, 40, 31, 21]])) == ''  # the second is no corner pair


@pytest.mark.parametrize('seed', range(5))
def test_corners_that_overlap_and_boxes_that_do_not(seed: int) -> None:
    """Small objects all over a large image near its origin: as sizes, most of them would lie over each other."""
    rng = np.random.default_rng(seed)
    places = rng.permutation(np.stack(np.meshgrid(np.arange(10), np.arange(10)), -1).reshape(-1, 2))[:20] * 40 + 5
    corners = np.hstack([places, places + 20]).tolist()
    sizes = [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in corners]
    text = corner_hint(coco(corners, size=(1000, 1000)))
    assert 'overlap another one, as corners 0' in text and 'leave the image' not in text
    assert corner_hint(coco(sizes, size=(1000, 1000))) == ''


def records(*boxes: tuple[float, ...]) -> list[ImageRecord]:
    return [ImageRecord('a.png', None, (80, 60), [BoxRecord(f'box {n}', 'hair', box) for n, box in enumerate(boxes)])]


def test_shares_are_refused() -> None:
    with pytest.raises(UserError, match=r"all 2 boxes of 'a.json' lie between 0 and 1 \(first: 0.125, 0.2, .*\), "
                                        r"as shares of the image's sides do: multiply them by its width and height"):
        refuse_shares(records((0.125, 0.2, 0.175, 0.2), (0, 0, 1, 1)), 'a.json')
    for boxes in ((), ((0, 0, 1, 1), ), ((0.5, 0.5, 0.1, 0.1), (5, 5, 9, 9)), ((float('nan'), 0, 1, 1), )):
        refuse_shares(records(*boxes), 'a.json')
