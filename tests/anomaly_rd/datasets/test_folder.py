from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from anomaly_rd.datasets import FolderDataset
from mminspect.core.errors import UserError


def infos(dataset: FolderDataset) -> list[dict]:
    return [dataset.get_data_info(index) for index in range(len(dataset))]


@pytest.fixture
def flat(tmp_path: Path, write_image: Callable, write_mask: Callable) -> Path:
    """Ten normal images of five scans, three abnormal ones of which one is a part of scan 0."""
    for index in range(10):
        write_image(tmp_path / 'normal' / f'scan{index // 2}_{index}.png')
    for name in ('scan0_x', 'scan7_x', 'scan8_x'):
        write_image(tmp_path / 'abnormal' / f'{name}.png')
        write_mask(tmp_path / 'mask' / f'{name}.png')
    return tmp_path


def test_nested_folders(category: Path) -> None:
    assert (len(FolderDataset(category)), len(FolderDataset(category, 'test'))) == (6, 6)


def test_own_suffix_and_extensions(category: Path, write_image: Callable) -> None:
    for path in (category / 'ground_truth' / 'hole').iterdir():
        path.rename(path.with_name(path.name.replace('_mask', '_gt')))
    write_image(category / 'train' / 'good' / '100.bmp')
    assert len(FolderDataset(category, 'train', mask_suffix='_gt', extensions=['bmp'])) == 1
    with pytest.raises(UserError, match="no '000_gt' among the 3 images"):
        FolderDataset(category, 'test')


def test_flat_folders_are_divided(flat: Path) -> None:
    train, test = (infos(FolderDataset(flat, split, train_ratio=0.7)) for split in ('train', 'test'))
    assert (len(train), [info['gt_label'] for info in test]) == (7, [0] * 3 + [1] * 3)
    assert not {info['img_path'] for info in train} & {info['img_path'] for info in test}
    assert all(info['mask_path'] for info in test[3:])
    again = infos(FolderDataset(flat, 'train', train_ratio=0.7))
    other = infos(FolderDataset(flat, 'train', train_ratio=0.7, seed=1))
    assert again == train and other != train


def test_flat_folders_are_divided_by_scans(flat: Path) -> None:
    options = dict(train_ratio=0.5, scan_pattern=r'scan(\d+)')
    for seed in range(5):
        train, test = (infos(FolderDataset(flat, split, seed=seed, **options)) for split in ('train', 'test'))
        scans = [{info['scan_id'] for info in part} for part in (train, test)]
        assert not scans[0] & scans[1] and '0' in scans[1]  # scan 0 has a defect in its other part
        assert len(train) == 4 and len(test) == 6 + 3


def test_holdout_of_flat_folders(flat: Path) -> None:
    parts = [infos(FolderDataset(flat, split, train_ratio=0.8, holdout=0.25)) for split in ('train', 'holdout', 'test')]
    assert [len(part) for part in parts] == [6, 2, 5]
    assert len({info['img_path'] for part in parts for info in part}) == 13


def test_mistakes(flat: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'a share of'):
        FolderDataset(flat, train_ratio=1.5)
    (flat / 'train' / 'good').mkdir(parents=True)
    with pytest.raises(UserError, match='has both train/ and normal/'):
        FolderDataset(flat)
    with pytest.raises(UserError, match=r"'.*none' does not exist"):
        FolderDataset(tmp_path / 'none')


def test_no_normal_images(flat: Path) -> None:
    for path in (flat / 'normal').iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r"no good training images in '.*normal'"):
        FolderDataset(flat)


def test_good_images_alone(tmp_path: Path, write_image: Callable) -> None:
    for name in ('a.png', 'b.jpg', '.hidden.png', 'sub/c.png'):
        write_image(tmp_path / name)
    (tmp_path / 'notes.txt').write_text('')
    found = FolderDataset(tmp_path, holdout=0.34)
    kept = FolderDataset(tmp_path, 'holdout', holdout=0.34)
    assert {Path(info['img_path']).name for info in infos(found) + infos(kept)} == {'a.png', 'b.jpg', 'c.png'}
    assert (len(found), len(kept)) == (2, 1) and all(info['gt_label'] == 0 for info in infos(found))
    with pytest.raises(UserError, match='there are no test images'):
        FolderDataset(tmp_path, 'test')
    write_image(tmp_path / 'train' / 'good' / 'd.png')  # the layout of MVTec AD goes before
    assert [Path(info['img_path']).name for info in infos(FolderDataset(tmp_path))] == ['d.png']
