"""Where the site shows the files of a checkout, and how links are led there."""
from __future__ import annotations

from pathlib import Path

import pytest

from helpers import load_tool

pages = load_tool('docs/pages')


@pytest.fixture
def checkout(tmp_path: Path):
    """A small one: a method with two folders of configs, a package with a module, a guide, a notebook."""
    files = {
        'README.md': '# Home', 'CITATION.cff': 'title: a', 'LICENSE': 'free', 'docs/guide.md': '# Guide',
        'docs/images/a.png': '', 'docs/notebooks/first.ipynb': '{"cells": []}', 'tools/train.py': '',
        'projects/p/README.md': '# P', 'projects/p/__init__.py': '', 'projects/p/core/__init__.py': '',
        'projects/p/core/errors.py': '', 'projects/p/core/_own.py': '',
        'configs/_base_/data.py': 'x = 1', 'configs/m/README.md': '# M', 'configs/m/top.py': 'y = 2',
        'configs/m/_base_/net.py': '', 'configs/m/sub/README.md': '# Sub', 'configs/m/sub/a.py': 'a = 3',
        'configs/m/sub/options/b-c_1.py': ''}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return pages.Checkout(tmp_path)


@pytest.mark.parametrize(('target', 'place'), [
    ('README.md', 'index.md'), ('docs/guide.md', 'guide.md'), ('docs/images/a.png', 'images/a.png'),
    ('docs/notebooks/first.ipynb', 'notebooks/first.md'), ('LICENSE', 'LICENSE'),
    ('projects/p', 'projects/p/README.md'), ('projects/p/core', 'api/p.core.md'),
    ('projects/p/core/errors.py', 'api/p.core.md#p.core.errors'), ('projects/p/__init__.py', 'api/p.md'),
    ('configs/m', 'configs/m/README.md'), ('configs/m/top.py', 'configs/m/README.md#file-top-py'),
    ('configs/m/sub/a.py', 'configs/m/sub/README.md#file-a-py'),
    ('configs/m/sub/options/b-c_1.py', 'configs/m/sub/README.md#file-options-b-c-1-py'),
    ('configs/m/_base_/net.py', 'configs/m/README.md#file-base-net-py'),
    ('configs/_base_/data.py', 'configs/_base_/README.md#file-data-py'),
    ('tools/train.py', ''), ('tools', ''), ('configs/m/none.py', ''), ('elsewhere.md', '')])
def test_the_place_of_a_file(checkout, target: str, place: str) -> None:
    assert checkout.place_of(target) == place


@pytest.mark.parametrize(('page', 'text', 'led'), [
    ('index.md', '[a](docs/guide.md#x) ![b](docs/images/a.png)', '[a](guide.md#x) ![b](images/a.png)'),
    ('guide.md', '[a](../projects/p/core/errors.py)', '[a](api/p.core.md#p.core.errors)'),
    ('projects/p/README.md', '[a](../../docs/guide.md) [b](#here)', '[a](../../guide.md) [b](#here)'),
    ('configs/m/sub/README.md', '[a](a.py) [b](../top.py)', '[a](README.md#file-a-py) [b](../README.md#file-top-py)'),
    ('notebooks/first.md', '[a](../guide.md)', '[a](../guide.md)'),
    ('index.md', '[a](https://example.org) [b](tools/train.py)', '[a](https://example.org) [b](tools/train.py)')])
def test_links_are_led(checkout, page: str, text: str, led: str) -> None:
    assert checkout.lead(text, page) == led


def test_code_is_left_and_marks_of_tables_are_dropped(checkout) -> None:
    text = ('<!-- begin: t -->\n| a |\n<!-- end: t -->\n```\n[a](docs/guide.md)\n<!-- begin: t -->\n```\n'
            '[a](docs/guide.md)\n')
    assert checkout.lead(text, 'index.md') == (
        '\n| a |\n\n```\n[a](docs/guide.md)\n<!-- begin: t -->\n```\n[a](guide.md)\n')


def test_everything_is_generated_once(checkout) -> None:
    found = dict(checkout.generated())
    assert set(found) == {'index.md', 'CITATION.cff', 'LICENSE', 'notebooks/first.md', 'projects/p/README.md',
                          'configs/_base_/README.md', 'configs/m/README.md', 'configs/m/sub/README.md', 'api/p.md',
                          'api/p.core.md'}
    assert len([*checkout.generated()]) == len(found)
    assert '### `a.py` { #file-a-py }\n\n```python\na = 3\n```' in found['configs/m/sub/README.md']
    assert found['configs/_base_/README.md'].startswith('# configs/_base_\n')
    assert '::: p.core.errors' in found['api/p.core.md'] and '_own' not in found['api/p.core.md']


def test_a_notebook_becomes_text_and_code() -> None:
    cells = [dict(cell_type='markdown', source=['# A\n', 'b\n']), dict(cell_type='code', source=['x = 1\n', 'x'])]
    assert pages.notebook_page(dict(cells=cells), 'a.ipynb') == (
        '# A\nb\n\n```python\nx = 1\nx\n```\n\n<a href="a.ipynb">The notebook as a file</a>\n')


def test_navigation_has_every_page(checkout) -> None:
    listed = repr(checkout.navigation(repr([{'Home': 'index.md'}])))
    named = [name for name, _ in checkout.generated() if name.endswith('.md') and name != 'index.md']
    assert [name for name in [*named, 'guide.md'] if repr(name) not in listed] == []
    assert repr('index.md') not in listed
    everything = repr([{'Home': 'index.md'}, 'guide.md', 'notebooks/first.md'])
    assert 'More' in listed and 'More' not in repr(checkout.navigation(everything))


def test_names_in_docstrings_lose_their_roles() -> None:
    html = '<p>See :class:<code>~.fuse.AdaptiveFuse</code> and <code>:func:</code>.</p>'
    assert pages.on_page_content(html) == '<p>See <code>fuse.AdaptiveFuse</code> and <code>:func:</code>.</p>'
