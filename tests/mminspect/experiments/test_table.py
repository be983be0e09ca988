"""Cells, text and Markdown."""
import pytest

from mminspect.experiments import table


def test_cells():
    assert [table.cell(v) for v in (53.649, 0.0, -0.25, None, float('nan'))] == ['53.6', '0.0', '-0.2', 'n/a', 'n/a']
    assert table.cell(1.005, 0) == '1' and table.cell(2, 3) == '2.000'


def test_text_is_aligned():
    assert table.text(['', 'AP50'], [['student', '5.1'], ['x', 'n/a']]).splitlines() == [
        '         AP50', '-------------', 'student   5.1', 'x         n/a']


def test_text_is_as_wide_as_its_cells_and_takes_them_as_they_are(monkeypatch):
    monkeypatch.setenv('COLUMNS', '20')
    monkeypatch.setenv('FORCE_COLOR', '1')
    long = '[bold]' + 'x' * 200
    assert table.text(['name', 'AP'], [[long, '1']]).splitlines()[2] == f'{long}   1'


def test_markdown():
    assert table.markdown(['a|b', 'AP'], [['x', '1.0']]) == '| a/b | AP |\n| --- | --: |\n| x | 1.0 |'


@pytest.mark.parametrize('function', [table.text, table.markdown])
def test_rows_must_fit_the_header(function):
    with pytest.raises(ValueError):
        function(['a', 'b'], [['1', '2', '3']])
    with pytest.raises(ValueError):
        function(['a', 'b'], [['1']])


def test_a_notebook_gets_text_too(monkeypatch):
    """rich shows tables in a notebook by itself, and then writes nothing."""
    monkeypatch.setattr('rich.console._is_jupyter', lambda: True)
    assert table.text(['a', 'b'], [['x', '1']]).splitlines()[-1].split() == ['x', '1']
