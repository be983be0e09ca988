from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from anomaly_rd.datasets import check_dataset_cfg
from anomaly_rd.datasets.checks import check_split, missing_test
from anomaly_rd.registry import DATASETS
from helpers import ROOT
from mminspect.core.errors import UserError
from survey_helpers import anomaly_set


def cfg(category: Path, split: str = 'test', size: int = 32, **more: object) -> dict:
    pipeline = [dict(type='LoadInspectionImage'), dict(type='ResizeInspection', size=size),
                dict(type='PackAnomalyInputs')]
    return dict(type='MVTecDataset', data_root=str(category.parent), category=category.name, split=split,
                pipeline=pipeline, **more)


@pytest.mark.parametrize('split', ['train', 'holdout', 'test'])
def test_nothing_to_say(category: Path, split: str) -> None:
    assert check_dataset_cfg(cfg(category, split, holdout=0.3)) == []
    assert check_dataset_cfg(dict(type='RepeatDataset', dataset=cfg(category, split, holdout=0.3))) == []


@pytest.mark.parametrize('kind', ['CocoDataset', 'mmdet.CocoDataset', 'NoSuchDataset', dict])
def test_data_sets_of_others_are_left_to_their_checks(kind: object) -> None:
    assert check_dataset_cfg(dict(type=kind, ann_file='none.json')) == []


def test_scope_in_the_name(category: Path) -> None:
    with pytest.raises(UserError, match='does not exist'):
        check_dataset_cfg(dict(cfg(category.with_name('none')), type='anomaly_rd.MVTecDataset'))


@pytest.mark.parametrize(('damage', 'message'), [
    (lambda path: path.write_bytes(path.read_bytes()[:-200]), 'is truncated'),
    (lambda path: path.write_text('hello'), 'is not an image'),
    (lambda path: path.write_bytes(b''), 'is empty')])
def test_damaged_images(category: Path, damage: Callable, message: str) -> None:
    for name in ('001.png', '002.png'):
        damage(category / 'train' / 'good' / name)
    with pytest.raises(UserError, match=rf"001\.png' {message} \(and 1 more such images\)"):
        check_dataset_cfg(cfg(category, 'train'))
    assert check_dataset_cfg(cfg(category, 'test')) == []


def test_masks_of_good_images_with_a_defect_are_told(category: Path) -> None:
    masks = category / 'ground_truth' / 'good'
    masks.mkdir(parents=True)
    for name, value in (('000_mask.png', 0), ('001_mask.png', 255), ('002_mask.png', 1)):
        rewrite(masks / name, np.full((8, 8), value, np.uint8))
    (masks / '003_mask.png').write_text('no picture')
    assert check_dataset_cfg(cfg(category, 'train')) == []
    (text, ) = check_dataset_cfg(cfg(category))
    assert text.startswith('2 masks of good images have a defect and are not read: ')
    assert text.endswith(f"(first: {masks / '001_mask.png'})")


def rewrite(path: Path, pixels: np.ndarray, **options: object) -> None:
    Image.fromarray(pixels).save(path, **options)


def test_orientations_and_12_bits_are_told(category: Path) -> None:
    tag = Image.Exif()
    tag[274] = 3
    pixels = np.asarray(Image.open(category / 'train' / 'good' / '000.png'))
    rewrite(category / 'train' / 'good' / '000.png', pixels, exif=tag)
    for name in ('001.png', '002.png'):
        rewrite(category / 'train' / 'good' / name, pixels[..., 0].astype(np.uint16) * 16)
    lines = check_dataset_cfg(cfg(category, 'train'))
    assert len(lines) == 2 and lines[0].startswith('1 of 6 images carry an EXIF orientation')
    assert lines[1].startswith('none of 2 images with 16 bits has a value above 4095')
    told = cfg(category, 'train')
    told['pipeline'][0] = dict(type='LoadInspectionImage', max_value=4095, orientation=False)
    line, = check_dataset_cfg(told)
    assert 'are not turned when they are read' in line and 'the masks were drawn' in line


@pytest.mark.parametrize('name', ['float32_01.tif', 'int16_signed_negative.tif'])
def test_numbers_of_unknown_white_are_refused_unless_it_is_declared(category: Path, name: str) -> None:
    shutil.copy(ROOT / 'tests' / 'cases' / 'images' / name, category / 'train' / 'good' / name)
    with pytest.raises(UserError, match=rf"{name}' is of numbers whose value of white is not known"):
        check_dataset_cfg(cfg(category, 'train'))
    declared = cfg(category, 'train')
    declared['pipeline'][0] = dict(type='LoadInspectionImage', max_value=1.0 if name[0] == 'f' else 32767)
    assert check_dataset_cfg(declared) == []


def test_what_was_left_out_is_told(category: Path) -> None:
    (category / 'train' / 'good' / 'notes.txt').touch()
    (category / 'test' / 'hole' / '@eaDir').mkdir()
    shutil.copy(category / 'test' / 'hole' / '000.png', category / 'test' / 'hole' / '@eaDir')
    assert check_dataset_cfg(cfg(category, 'train')) == ['6 good images taken; left out: 1 of other kinds (1 .txt)']
    line, = check_dataset_cfg(cfg(category, 'test'))
    assert line.startswith('6 test images taken; left out: 1 in folders of the system')


def test_mask_of_another_size(category: Path, write_mask: Callable) -> None:
    write_mask(category / 'ground_truth' / 'hole' / '001_mask.png', size=(48, 40))
    with pytest.raises(UserError, match=r"hole/001_mask\.png' is 40x48, but its image '.*hole/001\.png' is 48x40"):
        check_dataset_cfg(cfg(category))
    assert check_dataset_cfg(cfg(category, 'train')) == []


def test_masks_without_a_defect(category: Path, write_mask: Callable) -> None:
    write_mask(category / 'ground_truth' / 'hole' / '000_mask.png', (0, 0, 0, 0))
    write_mask(category / 'ground_truth' / 'hole' / '002_mask.png', (9, 9, 10, 10))  # one of 40x48 pixels, at 32x32
    first, second = check_dataset_cfg(cfg(category))
    assert first.startswith('1 masks of defective images are empty') and '000_mask.png' in first
    assert second.startswith("1 masks are empty at the size of the network's input") and '002_mask.png' in second


def test_defects_without_masks_are_counted(category: Path) -> None:
    (category / 'ground_truth' / 'hole' / '001_mask.png').unlink()
    assert check_dataset_cfg(cfg(category)) == [
        f"1 of 4 defective images have no mask (first: {category / 'test' / 'hole' / '001.png'}), so that all pixel "
        'metrics are n/a: add masks, or remove them']
    assert check_dataset_cfg(cfg(category, 'train')) == []


def test_a_test_of_one_kind_of_parts(category: Path) -> None:
    for path in (category / 'test' / 'good').iterdir():
        path.unlink()
    assert check_dataset_cfg(cfg(category)) == ['none of the 4 test images is good, so that nothing tells how well '
                                                'defects are found: add some to the test']
    shutil.rmtree(category / 'test')
    shutil.rmtree(category / 'ground_truth')
    shutil.copytree(category / 'train' / 'good', category / 'test' / 'good')
    assert any(text.startswith('none of the 6 test images is defective') for text in check_dataset_cfg(cfg(category)))


def test_masks_that_are_inverted(category: Path) -> None:
    masks = sorted((category / 'ground_truth').rglob('*.png'))
    for path in masks[:3]:
        cv2.imwrite(str(path), 255 - cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    [told] = check_dataset_cfg(cfg(category))
    assert told == f'3 masks call most of their image a defect: are they inverted, or is the background not 0? ' \
                   f'(first: {masks[0]})'


def test_one_large_defect_is_one_and_a_white_mask_is_none(category: Path, write_mask: Callable) -> None:
    path = write_mask(category / 'ground_truth' / 'hole' / '000_mask.png', (0, 0, 40, 40))
    assert check_dataset_cfg(cfg(category)) == []
    write_mask(path, (0, 0, 100, 100))
    assert check_dataset_cfg(cfg(category))[0].startswith('1 masks call most of their image a defect')


def test_defects_outside_of_the_crop(category: Path, write_mask: Callable) -> None:
    write_mask(category / 'ground_truth' / 'hole' / '000_mask.png', (0, 0, 8, 48))
    data = cfg(category, size=64)
    data['pipeline'].insert(2, dict(type='CentreCrop', size=32))
    warning, = check_dataset_cfg(data)
    assert 'outside the crop' in warning and '000_mask.png' in warning


@pytest.mark.parametrize(('steps', 'message'), [
    ([dict(type='ResizeInspection', size=(250, 256))],
     r'ResizeInspection has size=250x256 .* multiples of 32: give .* 256x'),
    ([dict(type='ResizeInspection', size=256), dict(type='CentreCrop', size=220)], 'CentreCrop has size=220x220')])
def test_sides_not_divisible_by_32(category: Path, steps: list[dict], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_dataset_cfg(dict(cfg(category), pipeline=steps))


def test_defective_image_among_the_good_ones(category: Path) -> None:
    shutil.copy(category / 'test' / 'hole' / '001.png', category / 'train' / 'good' / '017.png')
    with pytest.raises(UserError, match=r"good/017\.png' is the defective image '.*hole/001\.png' \(hole\), byte"):
        check_dataset_cfg(cfg(category, 'train'))


def test_same_length_is_not_the_same_image(category: Path) -> None:
    """Uncompressed images all have one length; here also the bytes in the middle are the same."""
    pixels = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(category / 'train' / 'good' / '017.bmp')
    pixels[0, 0, 0] += 1
    Image.fromarray(pixels).save(category / 'test' / 'good' / '017.bmp')
    assert check_dataset_cfg(cfg(category)) == []


def test_training_image_in_the_test(category: Path) -> None:
    shutil.copy(category / 'train' / 'good' / '001.png', category / 'test' / 'good' / '017.png')
    warning, = check_dataset_cfg(cfg(category))
    assert warning.startswith('1 good test images are also training images') and '017.png' in warning


def test_one_category_twice(category: Path) -> None:
    concatenated = dict(type='ConcatDataset', datasets=[cfg(category), cfg(category, 'train')])
    assert check_dataset_cfg(concatenated) == []
    concatenated['datasets'].append(dict(cfg(category), category='PART'))
    with pytest.raises(UserError, match=r"the category 'PART' of '.*' stands twice"):
        check_dataset_cfg(concatenated)


@pytest.mark.parametrize('name', [3, ['part'], None])
def test_a_category_that_is_no_name(category: Path, name: object) -> None:
    with pytest.raises(UserError, match=r"category of the data set of '.*' is .*: give its name, as text"):
        check_dataset_cfg(dict(cfg(category), category=name))


def test_argument_that_no_data_set_has(category: Path) -> None:
    with pytest.raises(UserError, match=r"MVTecDataset cannot be made of its config: .*'categroy'"):
        check_dataset_cfg(cfg(category, categroy='x'))


def test_scans_are_checked_without_cutting_them(category: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('anomaly_rd.datasets.tiled.tile_boxes', None)
    scans = dict(type='TiledDataset', data_root=str(category), tile=32)
    assert check_dataset_cfg(dict(scans, split='test')) == []
    check_split(dict(scans, split='train'), dict(scans, split='test'), 'x')


def test_real_sets_pass(mvtec_screw: Path, aitex_fabric: Path) -> None:
    for root, name in ((mvtec_screw, 'screw'), (aitex_fabric, 'fabric02')):
        for split in ('train', 'test'):
            assert check_dataset_cfg(cfg(root / name, split, 256)) == []


def flat_cfg(root: Path, split: str, **more: object) -> dict:
    return dict(type='FolderDataset', data_root=str(root), split=split, pipeline=[], **more)


@pytest.fixture
def flat(tmp_path: Path, write_image: Callable) -> Path:
    for index in range(10):
        write_image(tmp_path / 'flat' / 'normal' / f'{index}.png')
    write_image(tmp_path / 'flat' / 'abnormal' / '0.png')
    return tmp_path / 'flat'


@pytest.mark.parametrize('other', [dict(train_ratio=0.5), dict(seed=1)])
def test_images_on_both_sides_of_a_split(flat: Path, other: dict) -> None:
    check_split(flat_cfg(flat, 'train', train_ratio=0.6), flat_cfg(flat, 'test', train_ratio=0.6), 'val_dataloader')
    options = dict(dict(train_ratio=0.6), **other)
    with pytest.raises(UserError, match=r"of val_dataloader are also trained on \(first: '.*normal/\d\.png'\): give"):
        check_split(flat_cfg(flat, 'train', train_ratio=0.6), flat_cfg(flat, 'test', **options), 'val_dataloader')


def test_wrappers_are_looked_into_for_the_split_too(category: Path) -> None:
    every = dict(type='RepeatDataset', times=2, dataset=cfg(category, 'train'))
    check_split(every, cfg(category, 'test'), 'x')
    with pytest.raises(UserError, match='2 of 2 images of x'):
        check_split(every, dict(type='ConcatDataset', datasets=[cfg(category, 'holdout', holdout=0.3)]), 'x')


def test_data_of_others_and_data_that_is_not_there_is_not_compared(category: Path) -> None:
    for other in (dict(type='CocoDataset', ann_file='x.json'), cfg(category.with_name('gone'))):
        check_split(cfg(category, 'train'), other, 'x')


def test_a_set_without_test_images(category: Path) -> None:
    assert missing_test(cfg(category)) is None
    shutil.rmtree(category / 'ground_truth')
    for path in (category / 'test').iterdir():
        shutil.rmtree(path)
    assert missing_test(cfg(category)) is None  # an empty folder is a mistake
    (category / 'test').rmdir()
    assert missing_test(cfg(category)) == str(category / 'test')
    both = [cfg(category), cfg(category, 'holdout', holdout=0.3)]
    assert missing_test(dict(type='ConcatDataset', datasets=both)) is None
    assert missing_test(cfg(category, 'train')) is None
    assert missing_test(cfg(category.with_name('gone'))) is None
    assert missing_test(dict(type='CocoDataset', ann_file='x.json')) is None


@pytest.mark.parametrize('kind', [dict(type='FolderDataset'), dict(type='TiledDataset', tile=32)])
def test_masks_drawn_on_pixels_as_they_lie_in_the_file(category: Path, kind: dict) -> None:
    """An image of 40x48 in the file that EXIF turns by a quarter, and a mask of 40x48."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for path in (category / 'test').rglob('*.png'):
        Image.open(path).save(path, exif=exif)
    cfg = dict(kind, data_root=str(category), split='test')
    as_they_lie = dict(cfg, pipeline=[dict(type='LoadInspectionImage', orientation=False)])
    turned = dict(cfg, pipeline=[dict(type='LoadInspectionImage')])
    line, = check_dataset_cfg(as_they_lie)
    assert line.startswith('6 of 6 images carry an EXIF orientation and are not turned when they are read')
    with pytest.raises(UserError, match=r"_mask\.png' is 48x40, but its image '.*\.png' is 40x48"):
        check_dataset_cfg(turned)
    dataset = DATASETS.build(as_they_lie)
    assert all(sample['img'].shape[:2] == sample['gt_mask'].shape for sample in dataset)


def test_a_training_of_one_image_is_told(tmp_path) -> None:
    for count in (1, 2):
        root = anomaly_set(tmp_path / str(count), counts=(count, 1, 1))
        texts = check_dataset_cfg(dict(type='FolderDataset', data_root=str(root), split='train', pipeline=[]))
        assert any('the training has one image' in text for text in texts) == (count == 1)
        texts = check_dataset_cfg(dict(type='FolderDataset', data_root=str(root), split='test', pipeline=[]))
        assert not any('the training has one image' in text for text in texts)
