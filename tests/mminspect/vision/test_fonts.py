"""Names in any script, with the fonts of the machine and without any."""
from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont

from mminspect.vision import fonts

SCRATCH, DIRT = '划痕', '脏污'


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield from _forgetting()


def _forgetting() -> Iterator[None]:
    kept = (fonts._find_fonts, fonts._find_font, fonts._warn)
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has no font."""
    monkeypatch.setattr(fonts, 'candidates', lambda letters: iter(()))


@pytest.fixture
def chinese() -> None:
    if fonts.find_fonts(SCRATCH + DIRT) is None:
        pytest.skip('needs a font with Chinese characters: tools/install_browser.sh installs one')


def drawn(text: str, size: int = 13) -> np.ndarray:
    picture = np.full((40, 200, 3), 90, np.uint8)
    fonts.draw_text(picture, text, (10, 25), size, (255, 0, 255), (0, 0, 0), 1)
    return picture


@pytest.mark.usefixtures('chinese')
def test_different_names_are_different_pixels() -> None:
    first, second = drawn(f'{SCRATCH} 0.98'), drawn(f'{DIRT} 0.98')
    assert (first != second).any() and fonts.shown(SCRATCH, '0') == SCRATCH
    np.testing.assert_array_equal(first, drawn(f'{SCRATCH} 0.98'))
    ends = slice(10 + fonts.text_size(SCRATCH, 13)[0] + 3, None)
    np.testing.assert_array_equal(first[:, ends], second[:, ends])  # the same score behind both


@pytest.mark.usefixtures('chinese')
def test_letters_stand_where_they_are_wanted_and_are_as_wide_as_it_is_said() -> None:
    for text in (SCRATCH, f'{SCRATCH} 12', 'Ω'):
        rows, columns = np.nonzero((drawn(text) != 90).any(-1))
        wide, high = fonts.text_size(text, 13)
        assert 8 <= columns.min() <= 12 and abs(columns.max() - (10 + wide)) <= 3
        assert abs(rows.min() - (25 - high)) <= 2 and 22 <= rows.max() <= 29


@pytest.mark.usefixtures('chinese')
@pytest.mark.parametrize('corner', [(-20, 10), (190, 25), (10, 2), (10, 39), (500, 500)])
def test_at_the_edges_the_picture_goes_on(corner: tuple[int, int]) -> None:
    picture = np.full((40, 200, 3), 90, np.uint8)
    fonts.draw_text(picture, SCRATCH, corner, 13, (255, 0, 255), (0, 0, 0), 1)
    assert picture.shape == (40, 200, 3)


@pytest.mark.usefixtures('chinese')
def test_scripts_may_be_mixed() -> None:
    """No font of the machine need have all of them."""
    picture = drawn(f'ж{SCRATCH} é')
    assert (picture != drawn(f'щ{SCRATCH} é')).any() and (picture != drawn(f'ж{DIRT} é')).any()


def test_ascii_needs_no_font_and_no_warning(without: None, caplog: pytest.LogCaptureFixture) -> None:
    assert fonts.shown('scratch', '0') == 'scratch' and not caplog.records


def test_without_a_font_there_is_the_number_and_one_warning(without: None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert [fonts.shown(name, number) for name, number in ((SCRATCH, '0'), (DIRT, '1'), ('hole', '2'))] == [
            '0', '1', 'hole']
        assert fonts.shown(f'{SCRATCH}.png') == '\\u5212\\u75d5.png'  # a title has no number
    assert len(caplog.records) == 1 and 'fonts-wqy-microhei' in caplog.records[0].getMessage()


def test_a_font_without_the_letters_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import matplotlib
    latin = Path(matplotlib.get_data_path(), 'fonts', 'ttf', 'DejaVuSans.ttf')
    (tmp_path / 'damaged.ttf').write_bytes(b'no font')
    monkeypatch.setattr(fonts, 'candidates', lambda letters: iter([tmp_path / 'damaged.ttf', latin]))
    assert fonts.find_fonts('Ωж') == dict.fromkeys('Ωж', latin)
    assert fonts.find_fonts(f'Ω{SCRATCH}') is None


def test_boxes_with_codes_are_no_letters() -> None:
    """matplotlib brings a font that has a box for every letter there is."""
    assert all('lastresort' not in path.name.lower() for path in fonts.candidates('\u0b95'))


def test_fonts_of_packages_are_found_without_fontconfig(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts.shutil, 'which', lambda name: None)
    monkeypatch.setattr(fonts, 'PLACES', ())
    found = fonts.find_fonts('Ω')
    assert found['Ω'].is_file() and 'matplotlib' in str(found['Ω'])


def test_matplotlib_gets_a_font_for_every_letter(without: None) -> None:
    assert fonts.families('a title') == fonts.families(SCRATCH) == ['sans-serif']


@pytest.mark.usefixtures('chinese')
def test_matplotlib_knows_the_font_that_was_found() -> None:
    from matplotlib.font_manager import FontProperties, findfont
    names = fonts.families(f'{SCRATCH} 001.png')
    assert names[0] == 'sans-serif' and len(names) == 2
    path = findfont(FontProperties(family=names[1]), fallback_to_default=False)
    assert ImageFont.truetype(path, 20).getname() == ImageFont.truetype(
        str(fonts.find_fonts(SCRATCH)['划']), 20).getname()
