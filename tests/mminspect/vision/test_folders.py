"""Which files of a folder are taken for images, and that what is left out is counted by reason."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.vision.folders import (
    HIDDEN,
    MASKS,
    NO_FILES,
    OTHERS,
    RESULTS,
    SYSTEM,
    TWICE,
    is_mask_folder,
    list_folders,
    list_tree,
    refuse_folders_of_defects,
)


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def names(folder: Path, **options: object) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_tree(folder, **options).images]


def counts(folder: Path, **options: object) -> dict[str, int]:
    return {reason: len(paths) for reason, paths in list_tree(folder, **options).left.items()}


def test_images_are_sorted_and_those_below_are_taken(tmp_path: Path) -> None:
    touch(tmp_path, 'b.PNG', 'a.jpg', 'c.tiff', 'sub/deep/d.jpeg', 'sub/e.bmp', 'f.JFIF', 'g.jpe', 'h.Jp2', 'i.webp')
    assert names(tmp_path) == ['a.jpg', 'b.PNG', 'c.tiff', 'f.JFIF', 'g.jpe', 'h.Jp2', 'i.webp', 'sub/deep/d.jpeg',
                               'sub/e.bmp']
    assert counts(tmp_path) == {} and list_tree(tmp_path).told() is None
    assert names(tmp_path, extensions=('PNG', '.bmp')) == ['b.PNG', 'sub/e.bmp']
    assert names(tmp_path / 'none') == []


def test_without_sub_folders(tmp_path: Path) -> None:
    touch(tmp_path, 'b.png', 'a.png', '.c.png', 'sub/d.png', '@eaDir/e.png')
    assert names(tmp_path, deep=False) == ['a.png', 'b.png'] and counts(tmp_path, deep=False) == {HIDDEN: 1}


@pytest.mark.parametrize('folder', ['@eaDir', '$RECYCLE.BIN', '__MACOSX', '#recycle', 'System Volume Information',
                                    '@Recycle', '__macosx', 'sub/@eaDir/a.png'])
def test_folders_of_systems(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, 'a.png', f'{folder}/SYNO_THUMB.jpg', f'{folder}/deep/b.png', f'{folder}/x.txt')
    assert names(tmp_path) == ['a.png'] and counts(tmp_path) == {SYSTEM: 2}
    told = list_tree(tmp_path).told()
    assert told.startswith('1 image taken; left out: 2 in folders of the system (first: ') and '\n' not in told


def test_hidden_files_and_folders(tmp_path: Path) -> None:
    touch(tmp_path, 'a.png', '._a.png', '.AppleDouble/a.png', '.thumbs/x/a.png', '.DS_Store', 'Thumbs.db',
          'desktop.ini')
    assert names(tmp_path) == ['a.png'] and counts(tmp_path) == {HIDDEN: 3}


def test_other_kinds_are_counted_by_suffix(tmp_path: Path) -> None:
    touch(tmp_path, 'a.png', 'a.json', 'b.json', 'c.xml', 'd.XML', 'e.txt', 'f.md', 'README')
    assert counts(tmp_path) == {OTHERS: 7}
    assert list_tree(tmp_path).told() == ('1 image taken; left out: 7 of other kinds (2 .json, 2 .xml, 1 README, '
                                          '1 .txt, ...)')


@pytest.mark.parametrize('folder', ['mask', 'Masks', 'ground_truth', 'GT', 'hole_mask', 'Hole-masks', 'hole_gt'])
def test_folders_of_masks(tmp_path: Path, folder: str) -> None:
    touch(tmp_path, 'hole/000.png', f'{folder}/000.png', f'{folder}/deep/001.png')
    assert names(tmp_path) == ['hole/000.png'] and counts(tmp_path) == {MASKS: 2}
    assert names(tmp_path / folder) == ['000.png', 'deep/001.png']  # named by the user
    assert len(names(tmp_path, masks=True)) == 3


def test_a_folder_is_one_of_masks_only_beside_its_own(tmp_path: Path) -> None:
    touch(tmp_path, 'gas_mask/000.png', 'unmasked/000.png')
    assert counts(tmp_path) == {} and not is_mask_folder('gas_mask', {'gas_mask', 'gases'})
    assert is_mask_folder('gas_mask', {'gas'})


def test_masks_beside_their_images(tmp_path: Path) -> None:
    touch(tmp_path, '000.png', '000_mask.png', '001.jpg', '001_gt.png', 'gas_mask.png')
    assert names(tmp_path) == ['000.png', '001.jpg', 'gas_mask.png'] and counts(tmp_path) == {MASKS: 2}
    assert len(names(tmp_path, masks=True)) == 5


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    touch(tmp_path / 'disk', 'x/1.png', '2.png')
    root = touch(tmp_path / 'root', 'real/3.png')
    (root / 'a_link').symlink_to(tmp_path / 'disk')
    (root / 'b_link').symlink_to(tmp_path / 'disk')
    (root / 'real' / 'up').symlink_to(root)
    (tmp_path / 'disk' / 'x' / 'loop').symlink_to(tmp_path / 'disk')
    assert names(root) == ['a_link/2.png', 'a_link/x/1.png', 'real/3.png']
    assert counts(root) == {TWICE: 2}  # of b_link and loop; there is none directly in the root


def test_a_real_folder_comes_before_a_link_to_it(tmp_path: Path) -> None:
    touch(tmp_path, 'z/1.png')
    (tmp_path / 'a').symlink_to(tmp_path / 'z')
    assert names(tmp_path) == ['z/1.png']
    assert names(tmp_path / 'a') == ['1.png']


def test_links_to_files_are_images_and_pipes_are_not(tmp_path: Path) -> None:
    touch(tmp_path, 'a.png')
    (tmp_path / 'b.png').symlink_to(tmp_path / 'a.png')
    (tmp_path / 'gone.png').symlink_to(tmp_path / 'nothing')
    (tmp_path / 'self.png').symlink_to(tmp_path / 'self.png')
    os.mkfifo(tmp_path / 'pipe.png')
    assert names(tmp_path) == ['a.png', 'b.png', 'gone.png', 'self.png'] and counts(tmp_path) == {NO_FILES: 1}


def test_results_among_images(tmp_path: Path) -> None:
    """As after a quickstart inside of the folder of images."""
    touch(tmp_path, 'a.png', 'work_dirs/x/scores.png', 'run/last_checkpoint', 'run/scores.png', 'run/deep/b.png',
          'sub/out/results.jsonl', 'sub/out/overlays/a.png')
    assert names(tmp_path) == ['a.png'] and counts(tmp_path) == {RESULTS: 4}
    assert names(tmp_path / 'sub' / 'out') == ['overlays/a.png']  # named by the user


def test_folders_of_results_are_not_told(tmp_path: Path) -> None:
    touch(tmp_path, 'a.png', 'out/overlays/a.png')
    assert names(tmp_path, without=[tmp_path / 'out']) == ['a.png']
    assert counts(tmp_path, without=[tmp_path / 'out']) == {}


def test_folders_without_hidden_ones_and_those_of_systems(tmp_path: Path) -> None:
    touch(tmp_path, 'good/a.png', 'bent/a.png', '.thumbnails/a.png', '@eaDir/a.png', 'file')
    assert [path.name for path in list_folders(tmp_path)] == ['bent', 'good']
    assert list_folders(tmp_path / 'none') == []


@pytest.mark.skipif(os.geteuid() == 0, reason='root may read every folder')
def test_folder_that_may_not_be_read(tmp_path: Path) -> None:
    touch(tmp_path, 'a.png', 'shut/b.png')
    (tmp_path / 'shut').chmod(0)
    with pytest.raises(UserError, match=r"shut' cannot be read \(Permission denied\): change its rights"):
        names(tmp_path)
    (tmp_path / 'shut').chmod(0o700)


@pytest.mark.parametrize(('name', 'bad', 'said_good', 'words'), [
    ('day1/NG/b.png', (), True, r"day1/NG' holds images among those of good parts and is called 'NG'"),
    ('Defects/b.png', (), False, "is called 'Defects'"), ('hole/b.png', ('Hole', ), True, "is called 'hole'"),
    ('scratch/b.png', (), False, "holds the folders 'good' and 'scratch', and nobody knows"),
    ('scratch/b.png', (), True, None), ('hole/b.png', (), True, None)])
def test_folders_of_defects_among_good_parts(tmp_path: Path, name: str, bad: tuple, said_good: bool,
                                             words: str | None) -> None:
    images = list_tree(touch(tmp_path, 'a.png', 'good/a.png', name)).images
    if words is None:
        return refuse_folders_of_defects(tmp_path, images, bad, said_good)
    with pytest.raises(UserError, match=words):
        refuse_folders_of_defects(tmp_path, images, bad, said_good)
