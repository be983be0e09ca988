"""README.md and README_zh-CN.md say the same: commands, code, tables, pictures and links, in the same order."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers import ROOT
from mminspect.command import commands
from mminspect.runtime import load_config

ENGLISH, CHINESE = ((ROOT / name).read_text(encoding='utf-8') for name in ('README.md', 'README_zh-CN.md'))
TEXTS = {'README.md': ENGLISH, 'README_zh-CN.md': CHINESE}
FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.M | re.S)
TABLE = re.compile(r'<!-- begin: (\S+) -->\n(.*?)<!-- end: \1 -->', re.S)
LINK = re.compile(r'\]\(([^)\s]+)\)')


def without_comments(code: str) -> list[str]:
    """Lines of code as they are executed: comments may be in another language, and as far to the right as they like."""
    lines = (re.sub(r'\s*(?<!\S)# .*', '', line).rstrip() for line in code.splitlines())
    return [re.sub(r'(?<=\S) +', ' ', line) for line in lines if line]


def slug(heading: str) -> str:
    """The anchor that GitHub and the site give a heading."""
    return re.sub(r'[^\w\- ]', '', heading.strip().lower()).replace(' ', '-')


def test_commands_and_code_are_the_same_in_order() -> None:
    ours, theirs = ([(kind, without_comments(code)) for kind, code in FENCE.findall(text)] for text in TEXTS.values())
    assert len(ours) >= 5 and theirs == ours


def test_comments_alone_may_differ() -> None:
    assert without_comments('a b   # c\n\n# d\nx = "#e"\n') == ['a b', 'x = "#e"']
    assert without_comments('a b # c') != without_comments('a --b # c')


def test_tables_are_the_same_in_order() -> None:
    ours, theirs = (TABLE.findall(text) for text in TEXTS.values())
    assert len(ours) >= 3 and theirs == ours


def test_headings_are_of_the_same_depth_in_order() -> None:
    ours, theirs = (re.findall(r'^#+(?= )', FENCE.sub('', text), re.M) for text in TEXTS.values())
    assert len(ours) >= 7 and theirs == ours


def test_links_and_pictures_are_the_same_in_order() -> None:
    ours, theirs = ([address for address in LINK.findall(FENCE.sub('', text)) if address not in TEXTS]
                    for text in TEXTS.values())
    assert len(ours) >= 20 and theirs == ours


@pytest.mark.parametrize('name', TEXTS)
def test_each_leads_to_the_other(name: str) -> None:
    (other, ) = set(TEXTS) - {name}
    assert f']({other})' in TEXTS[name].partition('## ')[0]


@pytest.mark.parametrize('name', [*TEXTS, 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'])
def test_links_resolve(name: str) -> None:
    dead = []
    for address in LINK.findall(FENCE.sub('', (ROOT / name).read_text(encoding='utf-8'))):
        if address.startswith('https://'):
            continue
        path, _, part = address.partition('#')
        target = ROOT / path if path else ROOT / name
        if not target.exists() or (part and part not in anchors(target)):
            dead.append(address)
    assert dead == []


def anchors(path: Path) -> set[str]:
    """Of a page of Markdown."""
    text = FENCE.sub('', path.read_text(encoding='utf-8'))
    return {slug(heading) for heading in re.findall(r'^#+ (.+)$', text, re.M)}


def test_a_stranger_reads_it_in_three_minutes() -> None:
    """At 230 words a minute, code and tables looked at and not read."""
    prose = TABLE.sub('', FENCE.sub('', ENGLISH))
    words = re.findall(r"[A-Za-z']{2,}", LINK.sub(']', prose))
    assert 300 < len(words) <= 3 * 230
    assert len(ENGLISH.splitlines()) < 160


def test_the_translation_is_chinese() -> None:
    prose = TABLE.sub('', FENCE.sub('', CHINESE))
    assert len(re.findall(r'[\u4e00-\u9fff]', prose)) > 600


def test_the_configs_can_be_read(tmp_path: Path) -> None:
    """Both are whole configs, which inherit from this project wherever they lie."""
    read = []
    for code in re.findall(r'```python\n(.*?)```', ENGLISH, re.S):
        (tmp_path / 'config.py').write_text(code)
        read.append(load_config(str(tmp_path / 'config.py')))
    assert read[0].model.bbox_head.num_classes == 2 and read[0].model.type == 'GFL'
    assert read[0].train_dataloader.dataset.ann_file == 'train.json'
    assert read[0].val_evaluator.ann_file == 'data/my_line/val.json'
    assert [term.type for term in read[1].model.distillers] == ['CrossHeadKD', 'FeaturePKD']


def test_its_commands_exist() -> None:
    words = re.findall(r'^mminspect (\S+)', ENGLISH, re.M)
    assert len(words) == 7 and set(words) <= set(commands())
    targets = re.findall(r'^make (\w+)', ENGLISH, re.M)
    makefile = (ROOT / 'Makefile').read_text(encoding='utf-8')
    assert len(targets) == 4 and all(re.search(rf'^{target}:', makefile, re.M) for target in targets)


@pytest.mark.parametrize('folder', ['docs', 'projects', 'configs', '.'])
def test_every_command_that_a_page_names_exists(folder: str) -> None:
    pages = sorted((ROOT / folder).glob('*.md') if folder == '.' else (ROOT / folder).rglob('*.md'))
    named = {(page.name, word) for page in pages
             for word in re.findall(r'(?:^|`)mminspect ([a-z][\w-]*)', page.read_text(encoding='utf-8'), re.M)}
    assert named and {(page, word) for page, word in named if word not in commands()} == set()
