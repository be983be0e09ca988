"""Which images are meant, and their names."""
import os
from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.inspection.sources import find_images, search_images, short_names


@pytest.fixture
def folder(tmp_path):
    for name in ('b.png', 'a.JPG', 'sub/deep/c.tiff', 'sub/a.bmp', '.hidden.png', '.cache/x.png', 'notes.txt',
                 'sub/._c.tif', 'out/overlays/b.png'):
        path = tmp_path / 'images' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / 'images'


def names(*arguments, **options):
    return [image.name for image in find_images(*arguments, **options)]


def test_folder_with_its_sub_folders(folder):
    images = find_images([folder], without=[folder / 'out'])
    assert [image.name for image in images] == ['a.JPG', 'b.png', 'sub/a.bmp', 'sub/deep/c.tiff']
    assert all(image.path == folder / image.name for image in images)
    assert 'out/overlays/b.png' in names([folder])


def test_relative_folders_and_folders_with_dots(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert names(['.'], without=[Path('out')]) == names([folder], without=[folder / 'out'])
    assert names(['sub/..'], without=[Path('out')]) == names([folder], without=[folder / 'out'])


def test_single_files_are_named_by_themselves(folder):
    assert names([folder / 'b.png']) == ['b.png']
    assert names([folder / 'notes.txt']) == ['notes.txt']  # asked for by name: reading it says what is wrong


def test_names_of_several_inputs_begin_below_their_common_folder(folder, tmp_path):
    assert names([folder / 'a.JPG', folder / 'sub' / 'a.bmp']) == ['a.JPG', 'sub/a.bmp']
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'b.png').touch()
    assert names([folder / 'sub', tmp_path / 'other']) == ['images/sub/a.bmp', 'images/sub/deep/c.tiff', 'other/b.png']


def test_files_named_twice_come_once(folder):
    assert names([folder / 'sub', folder / 'sub' / 'a.bmp']) == ['a.bmp', 'deep/c.tiff']


def test_linked_folders_keep_their_names(folder, tmp_path):
    os.symlink(folder / 'sub', tmp_path / 'link')
    assert names([tmp_path / 'link']) == ['a.bmp', 'deep/c.tiff']


def test_what_is_no_file_is_left_out_but_a_link_to_nothing_is_not(folder):
    """Reading a pipe would wait for ever; a missing image is told by whoever reads it."""
    os.mkfifo(folder / 'pipe.png')
    os.symlink(folder / 'gone', folder / 'link.png')
    os.symlink(folder / 'self.png', folder / 'self.png')
    os.symlink(folder, folder / 'loop')
    assert names([folder], without=[folder / 'out', folder / 'sub']) == ['a.JPG', 'b.png', 'link.png', 'self.png']


def test_what_is_left_out_is_told(folder):
    (folder / 'masks').mkdir()
    (folder / 'masks' / 'b.png').touch()
    found = search_images([folder, folder / 'sub'], without=[folder / 'out'])
    assert len(found.images) == 4 and found.told.startswith('4 images taken; left out: ')
    for words in ('3 hidden (first: ', '1 masks (first: ', '1 of other kinds (1 .txt)'):
        assert words in found.told
    assert search_images([folder / 'b.png']).told is None
    (folder / 'only').mkdir()
    (folder / 'only' / 'b.json').touch()
    with pytest.raises(UserError, match=r'folder that holds some \(0 images taken; left out: 1 of other kinds'):
        search_images([folder / 'only'])


@pytest.mark.parametrize('missing, said', [('none', 'does not exist'), ('empty', 'no image')])
def test_nothing_to_inspect(tmp_path, missing, said):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UserError, match=said):
        find_images([tmp_path / missing])


def test_short_names():
    given = ['a.png', 'b.png', 'sub/a.png', 'sub/a.jpg', 'sub/b.png', 'sub/a.png.png', 'sub/deep/a.png', 'v1.2.png']
    found = short_names(given)
    assert list(found) == given and len(set(found.values())) == len(given)
    assert [found[name] for name in ('a.png', 'sub/deep/a.png', 'v1.2.png')] == ['a', 'sub/deep/a', 'v1.2']
    assert found['sub/b.png'] == 'sub/b.png'


def test_short_names_do_not_meet_those_with_suffix():
    found = short_names(['a.png', 'a.jpg', 'a.png.tif', 'a.jpg.bmp'])
    assert len(set(found.values())) == 4
