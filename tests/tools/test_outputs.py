"""Outputs that cannot be are told before anything else: what is to be read is not even there."""
from __future__ import annotations

from pathlib import Path

import pytest

NETWORKS = ('--student', 'no.py', 'no.pth', '--teacher', 'no.py', 'no.pth', '--images', 'no')
FOLDERS = {
    'train': ('no.py', '--work-dir'), 'sweep': ('--configs', 'no.py', '--out'), 'quickstart': ('no', '--out'),
    'inspect_images': ('no.onnx', 'no', '--out'), 'station': ('--model', 'no.onnx', '--data'), 'demo': ('--out', ),
    'analysis/heatmap': (*NETWORKS, '--out'), 'datasets/voc2coco': ('no', '--out'),
    'datasets/labelme2mask': ('no', '--out')}
FILES = {
    'deploy/export': ('no.pth', '--out', '.onnx'), 'analysis/compare': ('no.py', '--markdown', '.md'),
}
RENDERED = ('datasets/make_vials', 'datasets/make_textures')


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """A file, a folder and a link to nothing."""
    (tmp_path / 'file').touch()
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'nothing').symlink_to(tmp_path / 'no' / 'where')
    return tmp_path


def refused(ended: tuple[int, str, str], words: str) -> None:
    status, _, error = ended
    assert status == 2 and error.count('\n') == 1 and error.startswith('error: ') and words in error, error


@pytest.mark.parametrize('tool', FOLDERS)
def test_folders(tool: str, places: Path, call) -> None:
    for place in ('file', 'file/below', 'nothing', 'nothing/below', 'x' * 300):
        refused(call(tool, *FOLDERS[tool], places / place), f'{FOLDERS[tool][-1]}')
    refused(call(tool, *FOLDERS[tool], '/proc/x'), FOLDERS[tool][-1])
    assert sorted(path.name for path in places.iterdir()) == ['file', 'folder', 'nothing']


@pytest.mark.parametrize('tool', FILES)
def test_files(tool: str, places: Path, call) -> None:
    *words, option, suffix = FILES[tool]
    (places / f'folder{suffix}').mkdir()
    for place in (f'folder{suffix}', f'file/x{suffix}', f'nothing/x{suffix}', f'{"x" * 300}{suffix}'):
        refused(call(tool, *words, option, places / place), option)
    refused(call(tool, *words, option, f'/proc/x{suffix}'), option)


@pytest.mark.parametrize('tool', RENDERED)
def test_rendered_sets(tool: str, places: Path, call) -> None:
    for place in ('file/below', 'nothing/below', 'x' * 300):
        refused(call(tool, places / place), ' name')
    refused(call(tool, places / 'file'), 'exists and is not a complete set')


@pytest.mark.parametrize('tool', [*FOLDERS, *FILES])
def test_an_empty_word(tool: str, call) -> None:
    """As of a variable that is not set."""
    option = FOLDERS[tool][-1] if tool in FOLDERS else FILES[tool][-2]
    words = (FOLDERS if tool in FOLDERS else FILES)[tool]
    status, _, error = call(tool, *words[:words.index(option)], option, '')
    assert status == 2 and 'an empty word names no file and no folder' in error.splitlines()[-1]


def test_a_suffix_that_leads_elsewhere(tmp_path: Path, call) -> None:
    for suffix in ('/x', '../../x', 'a/b'):
        refused(call('datasets/labelme2mask', tmp_path, '--out', tmp_path / 'out', '--suffix', suffix), '--suffix')
