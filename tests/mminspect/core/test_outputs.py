"""What an output cannot be, told before the work."""
import argparse
import errno
import os
import tempfile
from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.core.outputs import check_output_file, check_output_folder, place


def test_places_that_can_be_are_not_made(tmp_path: Path) -> None:
    (tmp_path / 'old.json').write_text('1')
    (tmp_path / 'link').symlink_to(tmp_path / 'old.json')
    for file in ('old.json', 'new.json', 'a/b/new.json', 'link'):
        check_output_file(tmp_path / file, '--out')
    for folder in ('', 'a/b/c', '.'):
        check_output_folder(tmp_path / folder, '--out')
    for relative in ('relative', Path('relative/deep'), ''):
        check_output_folder(relative)
    assert sorted(path.name for path in tmp_path.iterdir()) == ['link', 'old.json'] and not Path('relative').exists()


@pytest.mark.parametrize(('path', 'words'), [
    ('folder', r'--out .*folder is a folder: name a file'),
    ('file/x', r"--out .* cannot be written: '.*/file' is a file: name a folder"),
    ('file/x/y', r"'.*/file' is a file"), ('nothing/x', r"'.*/nothing' is a link to nothing"),
    ('ä' * 130, r'--out names ä{20}\.\.\., which has 260 bytes'), (f'{"x" * 256}/a', 'which has 256 bytes'),
    ('pipe', 'is no ordinary file'),
])
def test_files_that_cannot_be(path: str, words: str, tmp_path: Path) -> None:
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file').touch()
    (tmp_path / 'nothing').symlink_to(tmp_path / 'no' / 'where')
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(UserError, match=words):
        check_output_file(tmp_path / path, '--out')


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(UserError, match='/dev/null is no ordinary file'):
        check_output_file('/dev/null', '--out')


@pytest.mark.parametrize('path', ['file', 'file/x', 'nothing'])
def test_folders_that_cannot_be(path: str, tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    (tmp_path / 'nothing').symlink_to(tmp_path / 'no' / 'where')
    with pytest.raises(UserError, match=r'--data .* cannot be written: '):
        check_output_folder(tmp_path / path, '--data')


def test_a_folder_that_takes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason is, for root too: it is tried."""
    with pytest.raises(UserError, match=r"--out /proc/x cannot be written: '/proc' takes no file \("):
        check_output_folder('/proc/x', '--out')

    def full(**options: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device', str(tmp_path))
    monkeypatch.setattr(tempfile, 'NamedTemporaryFile', full)
    with pytest.raises(OSError, match='No space left'):  # which has its own sentence
        check_output_folder(tmp_path, '--out')


def test_an_empty_word_names_no_place() -> None:
    assert place('a/b') == Path('a/b')
    with pytest.raises(argparse.ArgumentTypeError, match='empty word'):
        place('')
