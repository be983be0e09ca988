from __future__ import annotations

from pathlib import Path

import pytest

from anomaly_rd.datasets.listing import pair_masks
from mminspect.core.errors import UserError


def touch(folder: Path, *names: str) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return [folder / name for name in names]


def test_pairs_by_stem_when_one_is_missing(tmp_path: Path) -> None:
    """By position, every image behind the missing mask would get its neighbour's."""
    images = touch(tmp_path / 'hole', '000.png', '001.png', '002.png')
    masks = touch(tmp_path / 'masks', '000_mask.png', '002_mask.png')
    assert pair_masks(images, tmp_path / 'masks') == [masks[0], None, masks[1]]
    assert pair_masks(images, tmp_path / 'none') == [None] * 3


@pytest.mark.parametrize(('mask', 'suffix', 'found'), [
    ('000_mask.png', None, True), ('000.bmp', None, True), ('000_gt.png', '_gt', True), ('000.png', '', True)])
def test_suffixes(tmp_path: Path, mask: str, suffix: str | None, found: bool) -> None:
    images = touch(tmp_path / 'hole', '000.jpg')
    masks = touch(tmp_path / 'masks', mask)
    assert pair_masks(images, tmp_path / 'masks', suffix) == masks


def test_image_whose_own_name_ends_in_mask(tmp_path: Path) -> None:
    images = touch(tmp_path / 'hole', 'gas_mask.png')
    masks = touch(tmp_path / 'masks', 'gas_mask.png')
    assert pair_masks(images, tmp_path / 'masks') == masks


@pytest.mark.parametrize(('masks', 'suffix', 'message'), [
    (['000_mask.png', '7_mask.png', '8_mask.png'], None,
     r"7_mask\.png' \(and 1 more\) belongs to no image: there is no '7' among the 1 images"),
    (['000_mask.png'], '', r"no '000_mask' among"),
    (['000.png'], '_mask', r"no '000' among"),
    (['000_mask.png', '000.png'], None, r"000\.png' has more than one mask"),
    (['000_mask.png', '000_mask.bmp'], None, r"000\.png' has more than one mask")])
def test_masks_that_do_not_fit(tmp_path: Path, masks: list[str], suffix: str | None, message: str) -> None:
    images = touch(tmp_path / 'hole', '000.png')
    touch(tmp_path / 'masks', *masks)
    with pytest.raises(UserError, match=message):
        pair_masks(images, tmp_path / 'masks', suffix)


def test_two_images_of_one_stem(tmp_path: Path) -> None:
    images = touch(tmp_path / 'hole', '000.jpg', '000.png')
    touch(tmp_path / 'masks', '000_mask.png')
    with pytest.raises(UserError, match=r"000\.png' and another image of that folder share the mask"):
        pair_masks(images, tmp_path / 'masks')


def test_images_in_folders_are_paired_by_their_place(tmp_path: Path) -> None:
    root, masks = tmp_path / 'hole', tmp_path / 'masks'
    images = [*touch(root, '000.png'), *touch(root / 'day1', '000.png', '001.png'), *touch(root / 'day2', '000.png')]
    found = [*touch(masks, '000_mask.png'), *touch(masks / 'day1', '000.png'), *touch(masks / 'day2', '000_mask.png')]
    assert pair_masks(images, masks, root=root) == [found[0], found[1], None, found[2]]
    touch(masks / 'day3', '000_mask.png')
    with pytest.raises(UserError, match=r"day3/000_mask\.png' belongs to no image: there is no 'day3/000' among the 4"):
        pair_masks(images, masks, root=root)
