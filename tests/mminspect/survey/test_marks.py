"""Marks, read back from the SVG."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest

from mminspect.survey.items import Box
from mminspect.survey.marks import COLOURS, GAP, LETTERS, Canvas, colours_of, text_width


def numbers(path: str) -> np.ndarray:
    return np.array([float(value) for value in re.findall(r'-?[\d.]+', path)])


def test_boxes_are_where_the_objects_are() -> None:
    """Those of a part from (100, 50) on at twice the size, one pixel outside of the object."""
    svg = ElementTree.fromstring(Canvas((100, 50, 200, 150), 2.0).boxes(
        [Box('a', 110, 60, 20, 10), Box('b', 150, 100, 5, 5), Box('a', 10, 10, 5, 5), Box('a', 190, 140, 50, 50)],
        {'a': 'red', 'b': 'blue'}))
    assert svg.get('viewBox') == '0 0 200.0 200.0'
    first, second = svg.iter('path')
    assert (first.get('stroke'), second.get('stroke')) == ('red', 'blue')
    np.testing.assert_allclose(numbers(first.get('d')), [  # x y, then x, y, x of the other sides; the third is outside
        20 - GAP, 20 - GAP, 60 + GAP, 40 + GAP, 20 - GAP, 180 - GAP, 180 - GAP, 200 + GAP, 200 + GAP, 180 - GAP])
    np.testing.assert_allclose(numbers(second.get('d')), [100 - GAP, 100 - GAP, 110 + GAP, 110 + GAP, 100 - GAP])


@pytest.mark.parametrize('box', [Box('a', 100, 100, 20, 20), Box('a', 0, 0, 20, 20), Box('a', 0, 0, 240, 240),
                                 Box('a', 200, 220, 40, 20), Box('a', 100, 0, 40, 240)])
def test_a_name_is_inside_the_picture_and_at_its_box(box: Box) -> None:
    (text, ) = ElementTree.fromstring(Canvas((0, 0, 240, 240), 1.0).boxes([box], {'a': 'red'})).iter('text')
    x, y = float(text.get('x')), float(text.get('y'))
    assert 0 <= x <= 240 - text_width('a') and LETTERS - 2 <= y <= 240
    assert box.y - LETTERS <= y <= box.y + box.height + LETTERS + 2 and x <= box.x + box.width + 3


def test_names_do_not_lie_upon_each_other_and_the_first_come_first() -> None:
    boxes = [Box(f'class {number}', 100 + number, 100, 20, 20) for number in range(9)]
    texts = list(ElementTree.fromstring(Canvas((0, 0, 240, 240), 1.0).boxes(
        boxes, colours_of(box.category for box in boxes))).iter('text'))
    assert texts[0].text == 'class 0' and 1 < len(texts) < 9
    places = [(float(text.get('x')), float(text.get('y')), text_width(text.text)) for text in texts]
    assert not [(one, other) for one in places for other in places if one is not other
                and abs(one[1] - other[1]) < LETTERS and one[0] < other[0] + other[2] and other[0] < one[0] + one[2]]


def test_in_a_crowd_each_class_is_named_once() -> None:
    """No second name covers a neighbour, which is what is to be looked at."""
    boxes = [Box('ab'[column % 2], 20 + 20 * column, 20 + 14 * row, 16, 12) for row in range(12) for column in range(8)]
    drawn = Canvas((0, 0, 240, 240), 1.0).boxes(boxes, {'a': 'red', 'b': 'blue'})
    texts = list(ElementTree.fromstring(drawn).iter('text'))
    assert {text.text for text in texts} == {'a', 'b'}
    inside = [text.text for text in texts if 20 <= float(text.get('x')) <= 160 and 30 < float(text.get('y')) < 186]
    assert len(inside) == len(set(inside)) <= 2


def test_names_of_any_script_are_text() -> None:
    canvas = Canvas((0, 0, 240, 240), 1.0)
    drawn = canvas.boxes([Box('划痕 <b>', 9, 40, 9, 9)], {'划痕 <b>': 'red'})
    assert '划痕 &lt;b&gt;' in drawn and text_width('划痕') > text_width('ab')
    long = 'a name that is far too long for a picture of this size'
    assert '<text' not in canvas.boxes([Box(long, 9, 40, 9, 9)], {long: 'red'})


@pytest.mark.parametrize('scale', [0.25, 1.0, 4.0])
def test_an_outline_is_around_the_marked_pixels(scale: float) -> None:
    """Filled, it covers the region, and not more than the width of the line beside it."""
    mask = np.zeros((80, 80), np.uint8)
    mask[20:40, 30:60] = 1
    (path, ) = ElementTree.fromstring(Canvas((0, 0, 80, 80), scale).outline(mask, 'red')).iter('path')
    filled = np.zeros((80, 80), np.uint8)
    cv2.fillPoly(filled, [np.round(numbers(path.get('d')).reshape(-1, 2) / scale - 0.5).astype(np.int32)], 1)
    assert (filled[mask > 0] == 1).all()
    reach = int(np.ceil(1.5 / scale)) + 1
    assert not filled[cv2.dilate(mask, np.ones((2 * reach + 1, ) * 2, np.uint8)) == 0].any()


def test_a_region_of_one_pixel_and_one_at_the_edge_have_outlines() -> None:
    for place in ((5, 5), (0, 0)):
        mask = np.zeros((9, 9), np.uint8)
        mask[place] = 1
        (path, ) = ElementTree.fromstring(Canvas((0, 0, 9, 9), 1.0).outline(mask, 'red')).iter('path')
        x, y = numbers(path.get('d')).reshape(-1, 2).T
        assert x.min() < place[1] and place[1] + 1 < x.max() and y.min() < place[0] and place[0] + 1 < y.max()


def test_colours_follow_the_order_and_begin_anew() -> None:
    found = colours_of(map(str, range(len(COLOURS) + 1)))
    assert list(found.values()) == [*COLOURS, COLOURS[0]] and colours_of(['b', 'a', 'b']) == colours_of(['b', 'a'])
