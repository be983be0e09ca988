"""The site's own style: lines of 120 letters and tables of ten columns are seen whole, and what is wider scrolls."""
from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers import ROOT

CONFIG = """
site_name: x
use_directory_urls: false
theme: {name: material, font: false, features: [navigation.indexes, navigation.tabs]}
extra_css: [site.css]
markdown_extensions: [tables, toc, pymdownx.highlight, pymdownx.superfences]
plugins: []
nav: [{Home: index.md}, {Guides: [{A guide: guide.md}]}]
"""
ROW = '| ' + ' | '.join(['refused in one'] * 10) + ' |\n'
TABLE = ROW + '|' + ' --: |' * 10 + '\n' + ROW.replace('refused in one', '2100') * 3
PAGE = f'# A guide\n\n## First\n\n```bash\n{"x" * 120}\n```\n\n## Second\n\n```bash\n{"x" * 300}\n```\n\n{TABLE}\n'
#: (what there is, what is seen of it) of every block of code and table, and of the page; where the contents are.
LOOK = """() => {
    const blocks = [...document.querySelectorAll('.md-typeset pre > code, .md-typeset__scrollwrap')];
    const shown = (nav) => [...document.querySelectorAll(nav)].some(
        (one) => one.checkVisibility({visibilityProperty: true}));
    const page = document.documentElement;
    return {wide: blocks.map((one) => one.scrollWidth > one.clientWidth), page: page.scrollWidth > page.clientWidth,
            scrolls: blocks.every((one) => getComputedStyle(one).overflowX == 'auto'
                                           && getComputedStyle(one).scrollbarWidth == 'auto'),
            left: shown('.md-sidebar--primary .md-nav--secondary'), right: shown('.md-sidebar--secondary .md-nav')};
}"""


@pytest.fixture(scope='module')
def guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page in the theme of the site."""
    build = pytest.importorskip('mkdocs.commands.build', reason='needs requirements/docs.txt')
    pytest.importorskip('material', reason='needs requirements/docs.txt')
    from mkdocs.config import load_config
    folder = tmp_path_factory.mktemp('site')
    (folder / 'docs').mkdir()
    for name in ('index.md', 'guide.md'):
        (folder / 'docs' / name).write_text(PAGE)
    shutil.copy(ROOT / 'docs' / 'site.css', folder / 'docs')
    (folder / 'mkdocs.yml').write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('NO_MKDOCS_2_WARNING', '1')
        build.build(load_config(str(folder / 'mkdocs.yml')))
    return folder / 'site' / 'guide.html'


@pytest.mark.parametrize(('width', 'wide', 'left', 'right'), [
    (1280, [False, True, False], True, False), (1440, [False, True, False], True, False),
    (1920, [False, True, False], False, True), (390, [True, True, True], True, False)])  # in the drawer
def test_what_is_seen_of_code_and_tables(guide: Path, chromium: Any, width: int, wide: list[bool], left: bool,
                                         right: bool) -> None:
    page = chromium.new_page(viewport=dict(width=width, height=800))
    page.goto(guide.as_uri())
    page.wait_for_selector('.md-typeset__scrollwrap')
    assert page.evaluate(LOOK) == dict(wide=wide, page=False, scrolls=True, left=left, right=right)
    page.close()


def test_the_site_has_the_style_and_the_last_line_says_how_to_search() -> None:
    assert re.search(r'^extra_css:\n  - site\.css$', (ROOT / 'mkdocs.yml').read_text(), re.M)
    recipe = (ROOT / 'Makefile').read_text().partition('\ndocs: setup\n')[2].partition('\n\n')[0]
    assert recipe.splitlines()[-1].startswith("\t@echo 'python -m http.server -d site ")
