"""Room for words beside boxes, against a grid of pixels."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from mminspect.vision import fonts
from mminspect.vision.captions import Lettering, places

AREA, SIZE, GAP = (0, 0, 400, 300), (60, 10), 3


def place(*boxes: tuple[int, int, int, int], size: tuple[int, int] = SIZE) -> list[tuple[int, int] | None]:
    return places(np.array(boxes), [size] * len(boxes), AREA, GAP)


@pytest.mark.parametrize(('box', 'corner'), [
    ((100, 100, 180, 150), (100, 97)),  # above
    ((100, 5, 180, 50), (100, 63)),  # no room: below
    ((390, 100, 399, 150), (340, 97)),  # moved away from the border
    ((100, 2, 130, 298), (133, 12)),  # beside
    ((395, 2, 400, 298), (332, 12)),  # on its other side
    ((0, 0, 400, 300), (3, 13)),  # around everything: in its corner
])
def test_where_a_caption_stands(box: tuple[int, int, int, int], corner: tuple[int, int]) -> None:
    assert place(box) == [corner]


def test_captions_of_overlapping_boxes_are_apart() -> None:
    first, second, third = place((100, 100, 180, 150), (103, 101, 178, 149), (102, 102, 181, 148))
    assert (first, second) == ((100, 97), (103, 162))
    assert third is not None and third not in (first, second)


def test_other_boxes_are_not_hidden_where_there_is_room_elsewhere() -> None:
    assert place((100, 100, 180, 150), (90, 80, 200, 96))[0] == (100, 163)


def test_none_where_there_is_no_room() -> None:
    assert place((0, 0, 400, 300), size=(500, 10)) == [None]
    assert place(*[(100, 100, 110, 110)] * 40).count(None) > 20
    assert place() == []


def test_no_pixel_belongs_to_two_captions() -> None:
    generator = np.random.default_rng(0)
    starts = generator.integers(0, (380, 280), (200, 2))
    boxes = np.hstack([starts, starts + generator.integers(2, 80, (200, 2))])
    sizes = [tuple(size) for size in generator.integers((20, 8), (90, 14), (200, 2))]
    taken, found = np.zeros((300, 400), int), places(boxes, sizes, AREA, GAP)
    for corner, (wide, high) in zip(found, sizes, strict=True):
        if corner is not None:
            assert 0 <= corner[0] <= 400 - wide and high <= corner[1] <= 300
            taken[corner[1] - high:corner[1], corner[0]:corner[0] + wide] += 1
    assert taken.max() == 1 and 20 < sum(corner is not None for corner in found) < 200


@pytest.mark.parametrize('text', ['scratch 0.98', '划痕 0.98'])
@pytest.mark.parametrize('width', [1, 3])
def test_words_are_as_large_as_is_said(text: str, width: int) -> None:
    if fonts.find_fonts(text) is None:
        pytest.skip('needs a font with Chinese characters')
    picture, lettering = np.zeros((200, 600, 3), np.uint8), Lettering(width, (0, 0, 0))
    lettering.write(picture, text, (50, 100), (0, 200, 90))
    rows, columns = np.nonzero(picture.any(axis=2))
    wide, high = lettering.size(text)
    slack = 4 * width  # letters are not as wide as their place, and some reach below their line
    assert 50 - slack <= columns.min() and columns.max() <= 50 + wide + slack
    assert abs(100 - high - rows.min()) <= slack and columns.max() - columns.min() > wide - 3 * slack


def test_the_shadow_lies_around_the_letters() -> None:
    picture = np.full((60, 200, 3), 255, np.uint8)
    Lettering(1, (0, 0, 0)).write(picture, 'scratch', (20, 40), (0, 200, 90))
    inked = (picture != 255).any(axis=2)
    letters = (picture[..., 1].astype(int) - picture[..., 0]) > 60
    grown = cv2.dilate(letters.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    assert letters.any() and (inked & ~letters).sum() > letters.sum() / 2 and (inked | ~grown).all()
