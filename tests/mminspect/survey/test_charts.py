"""What the charts draw, read back from the SVG."""
from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from mminspect.survey.charts import COLOURS, box_plots, size_histogram


def svg(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.search('<svg.*</svg>', text, re.S)[0])


def bars(text: str, colour: str) -> list[tuple[float, float]]:
    return [(float(bar.get('x')), float(bar.get('height'))) for bar in svg(text).iter('rect')
            if bar.get('fill') == colour]


def test_bars_are_as_high_as_the_counts() -> None:
    text = size_histogram([10, 10, 10, 40], [0, 5, 5, 20], 8)
    before, after = (bars(text, colour) for colour in COLOURS[:2])
    assert [height for _, height in before] == pytest.approx([75, 25], abs=0.1)  # of an axis up to 4
    assert [height for _, height in after] == pytest.approx([25, 50, 25], abs=0.1)
    assert after[0][0] < after[1][0] < before[0][0] < after[2][0] < before[1][0]  # gone, 5, 10, 20, 40
    assert 'vanished' in text and '8 px' in text


def test_the_line_at_the_limit_is_between_smaller_and_larger() -> None:
    text = size_histogram([7.9, 8.1], [7.9, 8.1], 8)
    line = next(float(line.get('x1')) for line in svg(text).iter('line') if line.get('stroke-dasharray'))
    smaller, larger = (x for x, _ in bars(text, COLOURS[0]))
    assert smaller < line < larger and 'vanished' not in text


def test_sizes_of_any_kind() -> None:
    for sizes in ([1.0], [0.5, 5000], [8, 8, 8]):
        heights = [height for _, height in bars(size_histogram(sizes, sizes, 8), COLOURS[0])]
        assert 50 < max(heights) <= 100 and len(heights) == len(set(sizes))


@pytest.mark.parametrize(('count', 'levels'), [(1, ['0', '1']), (3, ['0', '2', '4']), (11, ['0', '10', '20']),
                                               (3348, ['0', '2,000', '4,000']), (1000, ['0', '500', '1,000'])])
def test_the_axis_of_counts_is_round_and_above_all_bars(count: int, levels: list[str]) -> None:
    text = size_histogram([20.0] * count, [20.0] * count, 8)
    words = [one.text for one in svg(text).iter('text') if one.get('text-anchor') == 'end']
    assert sorted(words, key=lambda word: int(word.replace(',', ''))) == levels
    (height, ) = {height for _, height in bars(text, COLOURS[0])}
    assert height == pytest.approx(100 * count / int(levels[-1].replace(',', '')), abs=0.1)


@pytest.mark.parametrize('sizes', [[20, 520], [8, 700], [1.0, 5000], [9, 10], [0.1, 0.2], [60, 61]])
def test_no_word_leaves_the_chart_or_lies_upon_another_or_on_the_line(sizes: list[float]) -> None:
    """Letters are 11 px high and at most 7.5 px wide."""
    drawn = svg(size_histogram(sizes, [0, *sizes], 8))
    width, height = map(float, drawn.get('viewBox').split()[2:])
    places = []
    for one in drawn.iter('text'):
        wide, x, y = 6.5 * len(one.text), float(one.get('x')), float(one.get('y'))
        left = x - wide * {'start': 0, 'middle': 0.5, 'end': 1}[one.get('text-anchor')]
        places.append((left, y - 9, left + wide, y + 2))
    assert all(-1 <= left and right <= width + 1 and 0 <= top and bottom <= height
               for left, top, right, bottom in places)
    assert not [(one, other) for one in places for other in places if one is not other
                and one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]]
    limit = next(line for line in drawn.iter('line') if line.get('stroke-dasharray'))
    x, top = float(limit.get('x1')), float(limit.get('y1'))
    assert not [place for place in places if place[0] < x < place[2] and place[1] < 138 and place[3] > top]


def test_ticks_are_powers_of_two_where_there_are_two() -> None:
    words = [one.text for one in svg(size_histogram([11, 90], [11, 90], 3)).iter('text')]
    assert {'4', '8', '16', '32', '64'} <= {*words} and not [word for word in words if '.' in word]


def test_box_plots_are_in_order() -> None:
    text = box_plots({'train': [0, 1, 2, 3, 4], 'test <b>': [10.0] * 5})
    first, second = (float(box.get('x')) for box in svg(text).iter('rect'))
    assert first < second and 'train: 2' in text and 'test &lt;b&gt;: 10' in text
    assert svg(box_plots({'a': [3.0]})) is not None  # no range at all
