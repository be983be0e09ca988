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
    assert [height for _, height in before] == pytest.approx([100, 100 / 3], abs=0.1)
    assert [height for _, height in after] == pytest.approx([100 / 3, 200 / 3, 100 / 3], abs=0.1)
    assert after[0][0] < after[1][0] < before[0][0] < after[2][0] < before[1][0]  # gone, 5, 10, 20, 40
    assert 'gone' in text and '8 px' in text


def test_the_line_at_the_limit_is_between_smaller_and_larger() -> None:
    text = size_histogram([7.9, 8.1], [7.9, 8.1], 8)
    line = float(next(svg(text).iter('line')).get('x1'))
    smaller, larger = (x for x, _ in bars(text, COLOURS[0]))
    assert smaller < line < larger and 'gone' not in text


def test_sizes_of_any_kind() -> None:
    for sizes in ([1.0], [0.5, 5000], [8, 8, 8]):
        heights = [height for _, height in bars(size_histogram(sizes, sizes, 8), COLOURS[0])]
        assert max(heights) == 100 and len(heights) == len(set(sizes))


def test_box_plots_are_in_order() -> None:
    text = box_plots({'train': [0, 1, 2, 3, 4], 'test <b>': [10.0] * 5})
    first, second = (float(box.get('x')) for box in svg(text).iter('rect'))
    assert first < second and 'train: 2' in text and 'test &lt;b&gt;: 10' in text
    assert svg(box_plots({'a': [3.0]})) is not None  # no range at all
