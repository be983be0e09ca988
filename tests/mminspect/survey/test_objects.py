"""Sizes of objects in the image and at the network, against counting pixels."""
from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from anomaly_rd.datasets.transforms import CentreCrop, ResizeInspection
from mminspect.core.errors import UserError
from mminspect.survey.items import Box, Item, Listing
from mminspect.survey.objects import measure_objects


def test_boxes_are_stretched_as_the_image_is() -> None:
    item = Item('a.png', boxes=(Box('hair', 5, 6, 40, 10), Box('dust', 0, 0, 3, 3)))
    found = measure_objects(item, (1000, 500), Listing([item], factors=lambda size: (300 / size[0], 300 / size[1])))
    assert [thing.before for thing in found] == pytest.approx([20, 3])
    assert [thing.after for thing in found] == pytest.approx([math.sqrt(40 * 0.3 * 10 * 0.6), 3 * math.sqrt(0.18)])
    assert [thing.box.category for thing in found] == ['hair', 'dust']


def test_boxes_without_an_area_have_no_size() -> None:
    """Exchanged corners, also both: the product of two negative sides is no area."""
    boxes = tuple(Box('hair', *place) for place in ((40, 5, -17, 14), (40, 20, -17, -14), (4, 5, 0, 9), (1, 2, 4, 9)))
    found = measure_objects(Item('a.png', boxes=boxes), (64, 48), Listing([]))
    assert [(thing.box, thing.before, thing.after) for thing in found] == [(boxes[3], 6, 6)]


def masked(tmp_path: Path, *boxes: tuple[int, int, int, int]) -> Item:
    mask = np.zeros((256, 256), np.uint8)
    for x, y, w, h in boxes:
        mask[y:y + h, x:x + w] = 255
    cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    return Item('a.png', 'scratch', mask_path=str(tmp_path / 'mask.png'))


def test_each_region_of_a_mask_is_resized_by_itself(tmp_path: Path) -> None:
    """A line of one pixel vanishes at a quarter of the size although its mask does not."""
    item = masked(tmp_path, (40, 40, 32, 16), (10, 200, 60, 1))
    steps = (ResizeInspection(size=(64, 64)).resize_mask, )
    found = {thing.box.y: thing for thing in measure_objects(item, (256, 256), Listing([item], mask_steps=steps))}
    assert found[40].before == pytest.approx(math.sqrt(32 * 16)) and found[40].after == pytest.approx(math.sqrt(8 * 4))
    assert found[200].before == pytest.approx(math.sqrt(60)) and found[200].after == 0
    assert (found[200].box.x, found[200].box.width, found[200].box.height) == (10, 60, 1)
    assert found[40].box.category == 'scratch'


def test_what_a_crop_leaves(tmp_path: Path) -> None:
    item = masked(tmp_path, (0, 0, 20, 20), (128, 128, 10, 10))
    listing = Listing([item], mask_steps=(CentreCrop(size=(128, 128)).crop, ))
    assert sorted(thing.after for thing in measure_objects(item, (256, 256), listing)) == [0, 10]


def test_a_mask_beside_factors_alone(tmp_path: Path) -> None:
    item = masked(tmp_path, (0, 0, 20, 20))
    (found, ) = measure_objects(item, (256, 256), Listing([item], factors=lambda size: (0.5, 0.5)))
    assert (found.before, found.after) == (20, 10)


def test_an_image_without_objects_and_a_mask_that_cannot_be_read(tmp_path: Path) -> None:
    assert measure_objects(Item('a.png', 'good'), (9, 9), Listing([])) == []
    (tmp_path / 'mask.png').write_text('no')
    with pytest.raises(UserError, match='mask'):
        measure_objects(Item('a.png', 'x', mask_path=str(tmp_path / 'mask.png')), (9, 9), Listing([]))
