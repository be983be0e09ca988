"""The site is built without a warning, has everything, and every link on it leads somewhere without a network."""
from __future__ import annotations

import os
import posixpath
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from helpers import ROOT

pytest.importorskip('mkdocs', reason='the site is an extra: pip install .[docs]')
pytest.importorskip('mkdocstrings', reason='the site is an extra: pip install .[docs]')


class Links(HTMLParser):
    """What a page names: its anchors, where its links lead, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors.update(found[name] for name in ('id', 'name') if found.get(name))
        if tag == 'a' and found.get('href'):
            self.links.append(found['href'])
        elif tag in ('img', 'script', 'link', 'iframe', 'source'):
            self.loaded += [found[name] for name in ('src', 'href') if found.get(name)]


def build(config: Path, out: Path) -> subprocess.CompletedProcess:
    """What mkdocs says and how it ends."""
    command = [sys.executable, '-W', 'ignore', '-m', 'mkdocs', 'build', '-f', str(config), '-d', str(out)]
    return subprocess.run(command, capture_output=True, text=True, cwd=config.parent,
                          env={**os.environ, 'NO_MKDOCS_2_WARNING': '1'})


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site."""
    out = tmp_path_factory.mktemp('site')
    done = build(ROOT / 'mkdocs.yml', out)
    assert done.returncode == 0 and 'WARNING' not in done.stderr, done.stdout + done.stderr
    return out


@pytest.fixture(scope='module')
def pages(site: Path) -> dict[str, Links]:
    """Path of every page but 404.html, whose addresses are those of a server's root."""
    return {path.relative_to(site).as_posix(): Links(path.read_text(encoding='utf-8'))
            for path in sorted(site.rglob('*.html')) if path.name != '404.html'}


def broken(pages: dict[str, Links], site: Path) -> Iterator[tuple[str, str]]:
    """(page, address) of what leads nowhere."""
    for page, found in pages.items():
        for address in [*found.links, *found.loaded]:
            parts = urlsplit(address)
            if parts.scheme in ('http', 'https', 'mailto', 'data'):
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
            target = page if not parts.path else f'{path}/index.html' if (site / path).is_dir() else path
            is_there = (site / target).is_file() and not target.startswith('..')
            anchors = pages[target].anchors if target in pages else ()
            if not is_there or (parts.fragment and unquote(parts.fragment) not in anchors):
                yield page, address


def test_every_link_leads_to_a_file_and_an_anchor_of_the_site(pages: dict[str, Links], site: Path) -> None:
    assert sum(len(found.links) for found in pages.values()) > 1000
    assert list(broken(pages, site)) == []


def test_a_dead_link_and_a_dead_anchor_would_be_found(tmp_path: Path) -> None:
    (tmp_path / 'a.html').write_text('<h1 id="top">A</h1>')
    found = {'a.html': Links('<h1 id="top">A</h1><a href="#top">1</a><a href="b.html">2</a><a href="a.html#end">3</a>'
                             '<img src="c.png"><a href="../a.html">4</a><a href="https://example.org">5</a>')}
    assert [address for _, address in broken(found, tmp_path)] == ['b.html', 'a.html#end', '../a.html', 'c.png']


def test_pages_load_nothing_from_elsewhere(pages: dict[str, Links]) -> None:
    assert [(page, address) for page, found in pages.items() for address in found.loaded if '//' in address] == []


def test_every_readme_guide_and_notebook_is_a_page(pages: dict[str, Links]) -> None:
    readmes = [path for folder in ('projects', 'configs') for path in (ROOT / folder).rglob('README.md')]
    expected = {(path.parent.relative_to(ROOT) / 'index.html').as_posix() for path in readmes} | {'index.html'}
    expected |= {f'{path.stem}.html' for path in (ROOT / 'docs').glob('*.md')}
    expected |= {f'notebooks/{path.stem}.html' for path in (ROOT / 'docs' / 'notebooks').glob('*.ipynb')}
    assert len(expected) > 30 and expected - set(pages) == set()


def test_every_module_is_in_the_reference(pages: dict[str, Links]) -> None:
    projects = ROOT / 'projects'
    modules = ['.'.join(path.relative_to(projects).with_suffix('').parts) for path in sorted(projects.rglob('*.py'))
               if not path.stem.startswith('_')]
    assert len(modules) > 200
    absent = [name for name in modules if name not in pages[f'api/{name.rpartition(".")[0]}.html'].anchors
              and not is_bare(projects / (name.replace('.', '/') + '.py'))]
    assert absent == []


def is_bare(file: Path) -> bool:
    """A module without a docstring, of which mkdocstrings shows nothing."""
    return not file.read_text(encoding='utf-8').lstrip().startswith(('"""', 'r"""'))


def test_every_config_is_shown(pages: dict[str, Links], site: Path) -> None:
    shown = '\n'.join((site / page).read_text(encoding='utf-8') for page in pages if page.startswith('configs/'))
    configs = [path.relative_to(ROOT / 'configs') for path in (ROOT / 'configs').rglob('*.py')]
    assert len(configs) > 80 and shown.count('id="file-') == len(configs)


@pytest.mark.parametrize(('line', 'said'), [
    ('[a guide](docs/b.md)', ''), ('[no guide](docs/c.md)', "'c.md'"), ('[no heading](docs/b.md#c)', '#c'),
    ('[outside](tools/train.py)', 'tools/train.py')])
def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path, line: str, said: str) -> None:
    for file, text in {'README.md': f'# A\n\n{line}\n', 'docs/b.md': '# B\n\n[home](../README.md)\n',
                       'tools/train.py': '', 'projects/p/__init__.py': '"""P."""\n',
                       'configs/m/README.md': '# M\n\n[its file](a.py)\n',
                       'configs/m/a.py': 'a = 1\n'}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    (tmp_path / 'tools' / 'docs').mkdir()
    shutil.copy(ROOT / 'tools' / 'docs' / 'pages.py', tmp_path / 'tools' / 'docs')
    settings = (ROOT / 'mkdocs.yml').read_text(encoding='utf-8').partition('\nnav:\n')[0]
    (tmp_path / 'mkdocs.yml').write_text(settings + '\nnav:\n  - Home: index.md\n  - B: b.md\n')
    done = build(tmp_path / 'mkdocs.yml', tmp_path / 'site')
    assert (done.returncode == 0) is (not said) and said in done.stderr, done.stderr
