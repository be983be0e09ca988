"""The page is one file that loads nothing, escapes what it did not write, and shows what it tells."""
from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

from PIL import Image

from mminspect.survey.page import report
from mminspect.survey.surveying import Survey

VOID = {'meta', 'img', 'rect', 'line'}


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
