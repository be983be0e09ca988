"""The tables in the READMEs are those of benchmarks/results."""
import pytest

import readme
from helpers import ROOT


@pytest.mark.parametrize('name', readme.DOCUMENTS)
def test_tables_agree_with_the_results(name):
    text = (ROOT / name).read_text(encoding='utf-8')
    assert readme.BLOCK.search(text), f'{name} has no table'
    assert readme.rendered(text) == text, 'run python benchmarks/readme.py'


def test_a_changed_number_is_noticed():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    block = readme.BLOCK.search(text)
    number = next(c for c in block.group(0) if c.isdigit())
    changed = text.replace(block.group(0), block.group(0).replace(number, str((int(number) + 1) % 10), 1))
    assert readme.rendered(changed) == text


def test_a_table_without_results_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(readme, 'RESULTS', tmp_path)
    assert readme.rendered('<!-- begin: cost -->\nold\n<!-- end: cost -->') == (
        '<!-- begin: cost -->\nNot measured yet.\n<!-- end: cost -->')
