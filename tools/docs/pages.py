"""What the site has beside the guides in docs/: a hook of mkdocs, named in mkdocs.yml.

The home page is the README. The READMEs of projects/ and configs/ come in with the config files that they name, the
notebooks as pages, and the docstrings as one page a package. A link of these files is written for the checkout; here
it is led to the page that shows what it names. What it cannot lead anywhere is left for mkdocs to warn of.
"""
from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
#: Page of the site -> file in the root of the checkout.
ROOT_PAGES = {'index.md': 'README.md', 'README_zh-CN.md': 'README_zh-CN.md', 'contributing.md': 'CONTRIBUTING.md',
              'changelog.md': 'CHANGELOG.md', 'security.md': 'SECURITY.md'}
#: Files that the site has as they are.
PLAIN_FILES = ('CITATION.cff', 'Dockerfile', 'LICENSE', 'requirements/constraints.txt')
LINK = re.compile(r'(\]\()([^)\s]+)(\))')
FENCE = re.compile(r'(^```.*?^```[ \t]*$)', re.M | re.S)
MARK = re.compile(r'^<!-- (?:begin|end): \S+ -->$', re.M)
#: Names in docstrings, as Sphinx marks them, in the HTML of a page.
ROLE = re.compile(r':(?:class|func|meth|mod|data|attr):<code>~?([^<]+)</code>')


class Checkout:
    """The files that become pages, and where on the site each of them is.

    Args:
        root: Of the checkout.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def packages(self) -> list[str]:
        """Dotted names below projects/, each before those that it holds."""
        projects = self.root / 'projects'
        return sorted('.'.join(file.parent.relative_to(projects).parts) for file in projects.rglob('__init__.py'))

    @cached_property
    def config_files(self) -> dict[str, list[str]]:
        """Page -> the config files that it shows."""
        found: dict[str, list[str]] = {}
        for path in sorted((self.root / 'configs').rglob('*.py')):
            file = path.relative_to(self.root).as_posix()
            found.setdefault(self.config_page(file), []).append(file)
        return found

    @cached_property
    def sources(self) -> dict[str, str]:
        """Page -> file that it is made from, which need not be there for a folder of configs."""
        found = {page: file for page, file in ROOT_PAGES.items() if (self.root / file).is_file()}
        readmes = [file.relative_to(self.root).as_posix() for folder in ('projects', 'configs')
                   for file in sorted((self.root / folder).rglob('README.md'))]
        notebooks = sorted((self.root / 'docs' / 'notebooks').glob('*.ipynb'))
        return {**found, **{page: page for page in [*readmes, *self.config_files]},
                **{f'notebooks/{file.stem}.md': f'docs/notebooks/{file.name}' for file in notebooks}}

    @cached_property
    def pages(self) -> dict[str, str]:
        """File -> page."""
        return {file: page for page, file in self.sources.items()}

    def config_page(self, file: str) -> str:
        """The page that shows a config file: the README of the nearest folder that has one, or of the method's."""
        *folders, _ = file.split('/')
        for depth in range(len(folders), 2, -1):
            if (self.root / '/'.join(folders[:depth]) / 'README.md').is_file():
                return '/'.join([*folders[:depth], 'README.md'])
        return '/'.join([*folders[:2], 'README.md'])

    def place_of(self, target: str) -> str:
        """Page or file of the site, perhaps with an anchor, that shows a file or a folder; '' if none does."""
        if target in self.packages_by_folder and f'{target}/README.md' not in self.pages:
            return f'api/{self.packages_by_folder[target]}.md'
        target = f'{target}/README.md' if (self.root / target).is_dir() else target
        if target in self.pages or target in PLAIN_FILES:
            return self.pages.get(target, target)
        if target.startswith('docs/'):
            return target.removeprefix('docs/')
        if not target.endswith('.py') or not (self.root / target).is_file():
            return ''
        if target.startswith('configs/'):
            page = self.config_page(target)
            return f'{page}#{anchor(posixpath.relpath(target, posixpath.dirname(page)))}'
        package = self.packages_by_folder.get(posixpath.dirname(target))
        module = posixpath.basename(target).removesuffix('.py')
        return f'api/{package}.md' + (f'#{package}.{module}' if module != '__init__' else '') if package else ''

    @cached_property
    def packages_by_folder(self) -> dict[str, str]:
        """Folder -> package."""
        return {'projects/' + package.replace('.', '/'): package for package in self.packages}

    def lead(self, markdown: str, page: str) -> str:
        """The text of a page with its links led to places of the site; code stays as it is."""
        home = posixpath.dirname(self.sources.get(page, f'docs/{page}'))

        def led(match: re.Match) -> str:
            address, _, part = match[2].partition('#')
            if not address or re.match(r'[a-z]+:', address):
                return match[0]
            place, _, own_part = self.place_of(posixpath.normpath(posixpath.join(home, address))).partition('#')
            if not place:
                return match[0]
            part = part or own_part
            relative = posixpath.relpath(place, posixpath.dirname(page) or '.')
            return match[1] + relative + (f'#{part}' if part else '') + match[3]
        return ''.join(text if number % 2 else LINK.sub(led, MARK.sub('', text))
                       for number, text in enumerate(FENCE.split(markdown)))

    def generated(self) -> Iterator[tuple[str, str]]:
        """(page, Markdown) of everything that is not in docs/, and the files that are no pages."""
        for page in self.sources:
            yield page, self.text_of(page)
        for file in PLAIN_FILES:
            if (self.root / file).is_file():
                yield file, (self.root / file).read_text(encoding='utf-8')
        for package in self.packages:
            yield f'api/{package}.md', self.reference(package)

    def text_of(self, page: str) -> str:
        """Markdown of a page that is made from a file."""
        path = self.root / self.sources[page]
        if path.suffix == '.ipynb':
            return notebook_page(json.loads(path.read_text(encoding='utf-8')), path.name)
        text = path.read_text(encoding='utf-8') if path.is_file() else ''
        return self.with_configs(text, page) if page in self.config_files else text

    def with_configs(self, text: str, page: str) -> str:
        """The README of a folder of configs, with its files behind."""
        folder = posixpath.dirname(page)
        parts = [text.rstrip() or f'# {folder}\n\nWhat other configs inherit.', '## Files']
        for file in self.config_files[page]:
            name = posixpath.relpath(file, folder)
            code = (self.root / file).read_text(encoding='utf-8').rstrip()
            parts.append(f'### `{name}` {{ #{anchor(name)} }}\n\n```python\n{code}\n```')
        return '\n\n'.join(parts) + '\n'

    def reference(self, package: str) -> str:
        """The page of a package: what it says of itself, then its public modules, for mkdocstrings to fill."""
        folder = self.root / 'projects' / package.replace('.', '/')
        modules = [file.stem for file in sorted(folder.glob('*.py')) if not file.stem.startswith('_')]
        intro = f'::: {package}\n    options:\n      members: false\n      show_root_heading: false\n'
        return '\n\n'.join([f'# {package}', intro, *(f'::: {package}.{name}' for name in modules)]) + '\n'

    def navigation(self, named: str) -> list[dict]:
        """What follows the guides that mkdocs.yml lists: further ones, packages, configs by method, reference.

        Args:
            named: The part of the navigation that is written by hand, as text.
        """
        own = [page for page in self.sources if not page.startswith(('projects/', 'configs/'))]
        docs = self.root / 'docs'
        guides = [file.relative_to(docs).as_posix() for file in sorted(docs.rglob('*.md'))]
        more = [page for page in [*own, *guides] if repr(page) not in named]
        projects = sorted(page for page in self.sources if page.startswith('projects/'))
        configs: dict[str, list[dict]] = {}
        for page in sorted((page for page in self.sources if page.startswith('configs/')),
                           key=lambda page: (page.split('/')[1], page.count('/'), page)):
            _, method, *rest = page.split('/')
            configs.setdefault(method, []).append({rest[0] if len(rest) > 1 else 'Overview': page})
        api: dict[str, list[dict]] = {}
        for package in self.packages:
            api.setdefault(package.split('.')[0], []).append({package: f'api/{package}.md'})
        return [*([{'More': more}] if more else []),
                {'Packages': [{posixpath.dirname(page).removeprefix('projects/'): page} for page in projects]},
                {'Configs': [{method: entries} for method, entries in configs.items()]},
                {'Reference': [{package: entries} for package, entries in api.items()]}]


def anchor(name: str) -> str:
    """Where a page shows the file ``name``."""
    return 'file-' + re.sub('[^A-Za-z0-9]+', '-', name).strip('-')  # an underscore could begin an emphasis


def notebook_page(notebook: dict, name: str) -> str:
    """A notebook as Markdown: its texts, its code, and the file to run."""
    cells = []
    for cell in notebook['cells']:
        text = ''.join(cell['source']).rstrip()
        cells.append(text if cell['cell_type'] == 'markdown' else f'```python\n{text}\n```')
    return '\n\n'.join([*cells, f'<a href="{name}">The notebook as a file</a>']) + '\n'


_checkout = Checkout(ROOT)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """A build begins: what is in the checkout now, and the navigation."""
    global _checkout
    _checkout = Checkout(ROOT)
    config.nav = [*config.nav, *_checkout.navigation(repr(config.nav))]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    from mkdocs.structure.files import File
    for page, text in _checkout.generated():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead the links."""
    return _checkout.lead(markdown, page.file.src_uri)


def on_page_content(html: str, **_: object) -> str:
    """Names in docstrings as code alone, without the word that says of what kind they are."""
    return ROLE.sub(lambda match: f'<code>{match[1].lstrip(".")}</code>', html)
