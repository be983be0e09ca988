"""Images that are in two lists."""
import os
from pathlib import Path

from mminspect.vision.copies import copies


def write(path: Path, data: bytes) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return str(path)


def test_same_file_link_and_copy(tmp_path: Path) -> None:
    one, two = write(tmp_path / 'a' / '1.png', b'1' * 9000), write(tmp_path / 'a' / '2.png', b'2' * 9000)
    copy = write(tmp_path / 'b' / 'copy.png', b'2' * 9000)
    other = write(tmp_path / 'b' / 'other.png', b'2' * 8999 + b'3')  # the same length and middle
    link = str(tmp_path / 'b' / 'link.png')
    os.symlink(one, link)
    gone = str(tmp_path / 'gone.png')
    assert copies([one, two, gone], [copy, other, link, gone, two]) == {copy: two, link: one, two: two}
    assert copies([], [one]) == copies([one], []) == {}


def test_only_files_of_one_length_are_read(tmp_path: Path, monkeypatch) -> None:
    paths = [write(tmp_path / f'{n}.png', b'x' * (n + 1)) for n in range(4)]
    monkeypatch.setattr('mminspect.vision.copies._sample', lambda path: 1 / 0)
    assert copies(paths[:2], paths[2:]) == {}
    assert copies(paths, paths) == {path: path for path in paths}  # one file is known by its path
