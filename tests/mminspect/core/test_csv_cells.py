"""Cells that spreadsheets do not run; the rule is applied by hand to what a reader with either separator sees."""
import csv
import io
import os

import pytest

from mminspect.core.csv_cells import safe_cell

SIGNS = ('=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠')


@pytest.mark.parametrize('text', ['=1+2', '+1', '-1.png', '@eaDir/a.png', '\t=1', '\r=1', '\n=1', '  =1', '\ufeff=1',
                                  '\u200b=1', '\xa0@a', '＝1+2', '=HYPERLINK("http://x","a")'])
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert str(safe_cell(text)).startswith("'") and str(safe_cell(text)).lstrip("'").lstrip('\t\r\n').strip("'")


@pytest.mark.parametrize('text', ['a.png', 'a-b+c=d@e.png', '3-1.png', 'ä;b.png', "it's.png", '', '划痕.png', '1e5'])
def test_other_text_stays(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize('value', [1, 1.5, -2, -0.25, True, float('-inf')])
def test_numbers_stay_numbers(value: float) -> None:
    assert safe_cell(value) is value


@pytest.mark.parametrize(('raw', 'shown'), [(b'\xff.png', r'\udcff.png'), (b'a\xe4.png', r'a\udce4.png'),
                                            (b'=\xff', r"'=\udcff"), ('ä.png'.encode(), 'ä.png')])
def test_bytes_that_are_no_text_are_escaped(raw: bytes, shown: str) -> None:
    cell = safe_cell(os.fsdecode(raw))
    assert cell == shown and cell.encode().decode() == shown


def test_nothing_is_empty() -> None:
    assert safe_cell(None) == ''


@pytest.mark.parametrize('separator', [',', ';', '\t', '|'])
@pytest.mark.parametrize('name', ['a;=1+2.png', 'a; =1+2.png', 'a\t@x.png', 'a|-1.png', 'a\n=1.png', 'x;\ufeff=1',
                                  '=1;=2', 'a;b;+c', 'plain.png', 'a;＝1'])
@pytest.mark.parametrize('first', [True, False])
def test_no_separator_makes_a_formula_of_a_part(separator: str, name: str, first: bool) -> None:
    """As a spreadsheet would: it cuts what was written with commas at its own separator, quotes or not."""
    text = io.StringIO()
    csv.writer(text).writerow([safe_cell(name), 0.5] if first else [0.5, safe_cell(name)])
    for line in text.getvalue().splitlines():
        for cell in line.split(separator):
            bare = cell.strip('"').lstrip(' \ufeff\u200b')
            assert not bare.startswith(SIGNS), (cell, text.getvalue())
