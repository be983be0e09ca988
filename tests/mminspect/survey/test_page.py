"""The page is one file that loads nothing, escapes what it did not write, and shows what it tells."""
from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from PIL import Image

from mminspect.survey.items import Box
from mminspect.survey.objects import ObjectSize
from mminspect.survey.page import report
from mminspect.survey.splits import Split
from mminspect.survey.surveying import SplitSurvey, Survey

VOID = {'meta', 'img', 'rect', 'line', 'path'}


class Page(HTMLParser):
    """What is in a page: text, pictures, and tags that were not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ''
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or '' for name, value in attrs if name in ('src', 'href', 'srcset', 'data')]
        self.images += [value or '' for name, value in attrs if name == 'src']
        if tag not in VOID and not self.get_starttag_text().endswith('/>'):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.words += data


def test_it_is_whole_and_loads_nothing(told: Survey) -> None:
    text = report(told)
    page = Page(text)
    assert page.open == [] and {'script', 'link', 'iframe', 'b'} & {*page.tags} == {'b'}
    assert page.addresses and all(address.startswith('data:image/jpeg;base64,') for address in page.addresses)
    assert not re.search(r'url\(|@import|https?:', text)
    assert 'width=device-width' in text


def test_it_shows_what_it_tells(told: Survey) -> None:
    page = Page(report(told))
    for finding in told.findings:
        assert finding.text in page.words
    for words in ('<b>again.bmp', '001.png', 'scratch', 'mean grey', 'Copies and leaks',
                  'equal pixels', 'Images that cannot be read', "at the network's input"):
        assert words in page.words
    for address in page.images:
        with Image.open(io.BytesIO(base64.b64decode(address.partition(',')[2]))) as picture:
            assert 0 < max(picture.size) <= 240
    assert len(page.images) >= 4  # a pair, and one of each label


def test_names_are_text(told: Survey) -> None:
    assert '&lt;b&gt;again.bmp' in report(told) and '<b>again' not in report(told)


def test_of_a_detector(detected: Survey) -> None:
    page = Page(report(detected))
    assert 'smallest stride of the detector is 8 px' in page.words and 'train: hair' in page.words
    assert 'No split has images with and without defects' in page.words and page.open == []
    assert 'None.' in page.words  # no copies
    assert sum('box' in tag or tag == 'svg' for tag in page.tags) >= 7  # five figures of splits, two histograms


def test_of_nothing() -> None:
    assert Page(report(Survey('a', [], [], None, 4.0))).open == []


#: Words of heads of tables that go on in another line.
BROKEN = '''() => [...document.querySelectorAll('th')].flatMap((cell) => {
    const text = cell.firstChild, range = document.createRange();
    return [...(text?.data ?? '').matchAll(/\\S+/g)].filter((word) => {
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return new Set([...range.getClientRects()].map(({top}) => top)).size > 1;
    }).map((word) => word[0]);
})'''
#: Words of drawings that end outside of them.
OUTSIDE = '''() => [...document.querySelectorAll('svg text')].filter((text) => {
    const own = text.getBoundingClientRect(), all = text.closest('svg').getBoundingClientRect();
    return own.left < all.left - 1 || own.right > all.right + 1 || own.top < all.top - 2
        || own.bottom > all.bottom + 1;
}).map((text) => text.textContent)'''
#: Drawings that do not lie upon their picture.
BESIDE = '''() => [...document.querySelectorAll('.marked')].filter((one) => {
    const [picture, marks] = ['img', 'svg'].map((name) => one.querySelector(name)?.getBoundingClientRect());
    return marks && ['left', 'top', 'width', 'height'].some((side) => Math.abs(picture[side] - marks[side]) > 1);
}).length'''


@pytest.mark.parametrize('width', [1280, 390])
def test_in_a_browser(width: int, told: Survey, detected: Survey, chromium: Any) -> None:
    """No word is cut off or broken, nothing sticks out, and boxes lie upon their picture."""
    for found, marks in ((told, 1), (detected, 2)):
        page = chromium.new_page(viewport=dict(width=width, height=900))
        page.set_content(report(found))
        assert page.evaluate('document.documentElement.scrollWidth') == width
        assert [page.evaluate(script) for script in (BROKEN, OUTSIDE, BESIDE)] == [[], [], 0]
        assert page.locator('.marked svg').count() == marks
        page.close()


def test_pictures_are_named_below_one_folder(told: Survey) -> None:
    words = Page(report(told)).words
    (root, ) = re.findall(r'Paths below pictures begin at (\S+)\.', words)
    assert root.endswith('part') and 'test/good/<b>again.bmp' in words
    assert f'{root}/' not in words.partition('Examples')[2]


def test_a_split_that_was_not_counted_is_no_zero(detected: Survey) -> None:
    detected.splits.append(SplitSurvey(Split('test', problem='it is damaged')))
    words = Page(report(detected)).words
    assert 'in 2 of 3 splits' in words and 'not counted' in words


def test_the_smallest_ones_are_of_different_images(detected: Survey) -> None:
    """Two specks of one image come behind the first of the others."""
    one, detected.splits[1].objects = detected.splits[0], []
    path, other = (item.path for item in one.split.items[:2])
    one.objects = [ObjectSize(of, Box('hair', 9, 9, 2, 2), 2, after)
                   for of, after in ((path, 1), (path, 2), (other, 3))]
    captions = re.findall(r'([\d.]+) px at the network: (\S+?)<', report(detected))
    assert captions == [('1.0', 'train/0.png'), ('3.0', 'train/1.png'), ('2.0', 'train/0.png')]
