"""Examples on the page: the right boxes and outlines over the right part of the picture."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mminspect import runtime
from mminspect.survey.gallery import BOXES, SHOWN, gallery
from mminspect.survey.items import Box, Item, Listing
from mminspect.survey.places import Places
from mminspect.survey.splits import Split
from mminspect.survey.surveying import SplitSurvey, Survey, survey
from survey_helpers import anomaly_config, anomaly_set, save, scene


@pytest.fixture
def split(tmp_path: Path) -> Callable[..., SplitSurvey]:
    """One image of 960x640 for each list of boxes."""
    def make(*boxes: list[Box], **options: object) -> SplitSurvey:
        items = [Item(str(save(np.full((640, 960, 3), 128, np.uint8), tmp_path / f'{number}.png')), boxes=tuple(own))
                 for number, own in enumerate(boxes)]
        return SplitSurvey(Split('train', [Listing(items, **options)]), {item.path: None for item in items})
    return make


def figures(one: SplitSurvey) -> list[str]:
    places = Places(item.path for item in one.split.items)
    return re.findall('<figure>.*?</figure>', ''.join(gallery(one, places)), re.S)


def drawn(figure: str) -> list[str]:
    """The upper sides of its boxes."""
    return re.findall(r'H\d+\.\dV', figure)


def test_different_pictures_with_their_boxes_and_names(detected: Survey) -> None:
    (figure, ) = figures(detected.splits[0])
    assert figure.count('<img') == 1 and figure.count('<path') == 1 and len(drawn(figure)) == 2
    assert '>hair</text>' in figure and '</i>hair 2</span>' in figure and '<b>hair</b>' in figure
    assert re.search(r'; \d\.png</figcaption>', figure)  # relative to the folder of all


def test_every_box_of_a_picture_is_drawn_in_the_colour_of_its_class(split: Callable) -> None:
    one = split([Box('a', 100, 100, 300, 300), Box('b', 500, 100, 300, 300)], [Box('b', 9, 9, 300, 300)],
                classes=('a', 'b'))
    first, second = figures(one)
    colours = re.findall('<path d="[^"]*" stroke="([^"]*)"', first)
    assert len(set(colours)) == 2 and re.findall('stroke="([^"]*)"', second) == [colours[1]]
    assert '0.png' in first and '1.png' in second


def test_a_crowd_is_cut_and_says_so(split: Callable) -> None:
    (figure, ) = figures(split([Box('a', 5 * number, 9, 3, 3) for number in range(150)] * 2))
    assert f'{BOXES} of 300 boxes are drawn' in figure and len(drawn(figure)) == BOXES


def test_more_classes_than_are_shown(split: Callable) -> None:
    one = split(*([Box(f'class {number}', 9, 9, 9, 9)] for number in range(SHOWN + 3)))
    text = ''.join(gallery(one, Places([])))
    assert text.count('<figure>') == SHOWN and 'and 3 more classes' in text


def test_the_outline_of_a_mask(tmp_path: Path) -> None:
    config = anomaly_config(anomaly_set(tmp_path / 'part', counts=(3, 3, 3)), tmp_path / 'a.py', 32)
    found = survey(runtime.load_config(str(config)), 'a')
    good, scratch = figures(found.splits[1])
    assert '<path' not in good and 'good/' in good
    points = np.array(re.findall(r'[ML](-?[\d.]+) (-?[\d.]+)', scratch), float)
    scale = 240 / 256  # of the whole image; the scratch is 40..104 x 60..68
    np.testing.assert_allclose([points.min(0), points.max(0)], np.array([[40, 60], [104, 68]]) * scale, atol=3)


def test_a_mask_of_another_size_or_none_is_not_drawn(tmp_path: Path) -> None:
    path = save(scene(1), tmp_path / 'a.png')
    for mask in (str(save(np.full((9, 9), 255, np.uint8), tmp_path / 'm.png')), str(tmp_path / 'no.png')):
        split = Split('test', [Listing([Item(str(path), 'x', mask_path=mask)])])
        (figure, ) = figures(SplitSurvey(split, {str(path): None}))
        assert '<img' in figure and '<svg' not in figure


def test_nothing_to_show() -> None:
    assert list(gallery(SplitSurvey(Split('train')), Places([]))) == []
