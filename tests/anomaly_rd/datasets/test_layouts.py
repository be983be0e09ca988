from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from anomaly_rd.datasets.layouts import flat_layout, folder_layout, plain_layout, visa_layout
from mminspect.core.errors import UserError


def names(items: list[dict]) -> list[tuple[str, str, int, str | None]]:
    return [('/'.join(Path(item['img_path']).parts[-2:]), item['defect_type'], item['gt_label'],
             item['mask_path'] and '/'.join(Path(item['mask_path']).parts[-2:])) for item in items]


def test_folders_of_mvtec(category: Path) -> None:
    layout = folder_layout(category)
    assert names(layout.train) == [(f'good/00{i}.png', 'good', 0, None) for i in range(6)]
    assert names(layout.test) == [
        *[(f'good/00{i}.png', 'good', 0, None) for i in range(2)],
        *[(f'hole/00{i}.png', 'hole', 1, f'hole/00{i}_mask.png') for i in range(3)],
        ('scratch/000.png', 'scratch', 1, 'scratch/000_mask.png')]


def test_without_masks(category: Path) -> None:
    shutil.rmtree(category / 'ground_truth' / 'hole')
    assert [item['mask_path'] is None for item in folder_layout(category).test] == [True] * 5 + [False]
    shutil.rmtree(category / 'ground_truth')
    assert all(item['mask_path'] is None for item in folder_layout(category).test)


def test_masks_of_good_images_are_ignored(category: Path, write_mask: Callable) -> None:
    write_mask(category / 'ground_truth' / 'good' / '000_mask.png')
    assert folder_layout(category).test[0]['mask_path'] is None


def test_other_folder_under_train(category: Path, write_image: Callable) -> None:
    write_image(category / 'train' / 'hole' / '000.png')
    with pytest.raises(UserError, match=r"train/hole' lies under train/, where only 'good' belongs"):
        folder_layout(category)
    shutil.rmtree(category / 'train' / 'hole')
    (category / 'train' / '.cache').mkdir()
    folder_layout(category)


@pytest.mark.parametrize('name', ['hole_001', 'Scratch', 'SCRATCH-12', 'defect3', 'bad (2)', 'NG_07', 'anomaly'])
def test_good_image_named_as_a_defect(category: Path, write_image: Callable, name: str) -> None:
    write_image(category / 'train' / 'good' / f'{name}.png')
    with pytest.raises(UserError, match=r'among the good images for training bears the name of a defect'):
        folder_layout(category)


@pytest.mark.parametrize('name', ['good_000', '007', 'scratch_free_01', 'pinhole_00', 'badge_3', 'no_defect'])
def test_harmless_names(category: Path, write_image: Callable, name: str) -> None:
    write_image(category / 'train' / 'good' / f'{name}.png')
    assert len(folder_layout(category).train) == 7


def test_defects_that_are_numbers(category: Path, write_image: Callable) -> None:
    for name in ('1', '0-5'):
        write_image(category / 'test' / name / '000.png')
        write_image(category / 'train' / 'good' / f'{name}.png')
    assert len(folder_layout(category).train) == 8
    write_image(category / 'test' / '2mm' / '000.png')
    write_image(category / 'train' / 'good' / '2mm_1.png')
    with pytest.raises(UserError, match='bears the name of a defect'):
        folder_layout(category)


@pytest.mark.parametrize('folder', ['test/Good', 'train/GOOD', 'ground_truth/Good', 'test/OK', 'test/good ',
                                    'test/合格', 'train/normal'])
def test_good_has_one_name(category: Path, write_image: Callable, folder: str) -> None:
    write_image(category / folder / '000.png')
    with pytest.raises(UserError, match=rf"{folder}' would be taken for a defect .* rename the folder to 'good'"):
        folder_layout(category)


def test_masks_of_an_unknown_defect(category: Path, write_mask: Callable) -> None:
    write_mask(category / 'ground_truth' / 'holes' / '000_mask.png')
    with pytest.raises(UserError, match=r"ground_truth/holes' has no images '.*test/holes' beside it"):
        folder_layout(category)


def test_missing_folder_names_its_neighbours(category: Path) -> None:
    with pytest.raises(UserError, match=r"data/Part' does not exist: '.*data' has part; .* MMINSPECT_DATA, "):
        folder_layout(category.with_name('Part'))


def test_flat(tmp_path: Path, write_image: Callable, write_mask: Callable) -> None:
    for name in ('normal/a.jpg', 'normal/b.jpg', 'abnormal/a.jpg', 'abnormal/c.jpg'):
        write_image(tmp_path / name)
    write_mask(tmp_path / 'mask' / 'c.png')
    layout = flat_layout(tmp_path)
    assert names(layout.train) == [('normal/a.jpg', 'good', 0, None), ('normal/b.jpg', 'good', 0, None)]
    assert names(layout.test) == [('abnormal/a.jpg', 'abnormal', 1, None),
                                  ('abnormal/c.jpg', 'abnormal', 1, 'mask/c.png')]
    write_image(tmp_path / 'normal' / 'defect_1.jpg')
    with pytest.raises(UserError, match='bears the name of a defect'):
        flat_layout(tmp_path)


def test_nested_folders_are_read(category: Path, write_image: Callable, write_mask: Callable) -> None:
    """The case of 29 of 40 good images that were not read, in silence."""
    for number in range(29):
        write_image(category / 'train' / 'good' / f'day{number % 3}' / f'{number}.png')
    write_image(category / 'test' / 'good' / 'day0' / '000.png')
    write_image(category / 'test' / 'hole' / 'day0' / '000.png')
    write_mask(category / 'ground_truth' / 'hole' / 'day0' / '000_mask.png')
    layout = folder_layout(category)
    assert len(layout.train) == 35 and len(layout.test) == 8
    nested, = (item for item in layout.test if 'hole/day0' in item['img_path'])
    assert nested['mask_path'] == str(category / 'ground_truth' / 'hole' / 'day0' / '000_mask.png')
    assert layout.train_told is layout.test_told is None


def test_what_is_left_out_is_told(category: Path, write_image: Callable) -> None:
    for name in ('train/good/@eaDir/000.jpg', 'train/good/mask/1.png', 'train/loose.png', 'test/loose.png',
                 'test/hole/masks/000.png', 'test/hole/000_mask.png', 'test/hole_mask/000.png', 'test/mask/hole/1.png',
                 'test/hole/.hidden.png'):
        write_image(category / name)
    (category / 'test' / 'hole' / '000.json').touch()
    layout = folder_layout(category)
    assert (len(layout.train), len(layout.test)) == (6, 6)
    assert {item['defect_type'] for item in layout.test} == {'good', 'hole', 'scratch'}
    assert layout.train_told.startswith('6 good images taken; left out: ')
    for words in ('1 in folders of the system', '1 masks', '1 beside the folders'):
        assert words in layout.train_told
    assert layout.test_told.startswith('6 test images taken; left out: ')
    for words in ('4 masks', '1 hidden', '1 of other kinds (1 .json)', '1 beside the folders'):
        assert words in layout.test_told


@pytest.mark.parametrize('folder', ['hole', 'day1/NG', 'Rejects', 'scratch/day1'])
def test_folders_of_defects_among_good_images(category: Path, write_image: Callable, folder: str) -> None:
    write_image(category / 'train' / 'good' / folder / 'a.png')
    with pytest.raises(UserError, match='holds images among those of good parts and is called'):
        folder_layout(category)


def test_plain_folders_tell_of_those_in_them(tmp_path: Path, write_image: Callable) -> None:
    write_image(tmp_path / 'a.png')
    assert plain_layout(tmp_path).train_told is None
    for name in ('day1/a.png', 'day2/deep/a.png'):
        write_image(tmp_path / name)
    layout = plain_layout(tmp_path)
    assert len(layout.train) == 3
    assert layout.train_told == '2 of 3 images lie in sub-folders (day1, day2) and are taken for good ones'
    write_image(tmp_path / 'test' / 'scratch' / 'a.png')
    told = plain_layout(tmp_path).train_told
    assert told.startswith('3 good images taken; left out: 1 in test/, since') and '2 of 3 images lie' in told
    write_image(tmp_path / 'good' / 'a.png')
    with pytest.raises(UserError, match="holds the folders 'good' and 'day1'"):
        plain_layout(tmp_path)


VISA = """object,split,label,image,mask
candle,train,normal,candle/Data/Images/Normal/0001.JPG,
candle,train,normal,candle/Data/Images/Normal/0000.JPG,
candle,test,anomaly,candle/Data/Images/Anomaly/000.JPG,candle/Data/Masks/Anomaly/000.png
candle,test,normal,candle/Data/Images/Normal/0002.JPG,
fryum,train,normal,fryum/Data/Images/Normal/0000.JPG,
"""


@pytest.fixture
def visa(tmp_path: Path) -> Path:
    (tmp_path / 'split_csv').mkdir()
    (tmp_path / 'split_csv' / '1cls.csv').write_text(VISA)
    return tmp_path


def test_visa(visa: Path) -> None:
    layout = visa_layout(visa, 'candle')
    assert names(layout.train) == [(f'Normal/000{i}.JPG', 'good', 0, None) for i in range(2)]
    assert names(layout.test) == [('Anomaly/000.JPG', 'anomaly', 1, 'Anomaly/000.png'),
                                  ('Normal/0002.JPG', 'good', 0, None)]
    assert layout.test[0]['img_path'] == str(visa / 'candle/Data/Images/Anomaly/000.JPG')


def test_visa_mistakes(visa: Path) -> None:
    with pytest.raises(UserError, match="has no category 'Candle': it has candle, fryum"):
        visa_layout(visa, 'Candle')
    table = visa / 'split_csv' / '1cls.csv'
    table.write_text(VISA.replace('candle,train,normal,candle/Data/Images/Normal/0001', 'candle,train,anomaly,x/0001'))
    with pytest.raises(UserError, match=r'lists the defective image x/0001\.JPG for training'):
        visa_layout(visa, 'candle')
    table.write_text('a,b\n1,2\n')
    with pytest.raises(UserError, match='has no columns object, split'):
        visa_layout(visa, 'candle')
    table.unlink()
    with pytest.raises(UserError, match='cannot be read: data_root must be the folder'):
        visa_layout(visa, 'candle')


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'utf-8'])
@pytest.mark.parametrize('delimiter', [',', ';', '\t'])
def test_visa_as_spreadsheets_save_it(visa: Path, encoding: str, delimiter: str) -> None:
    text = VISA.replace(',', delimiter).replace('candle', '\u8721').replace('\n', '\r\n')
    (visa / 'split_csv' / '1cls.csv').write_bytes(text.encode(encoding))
    assert len(visa_layout(visa, '\u8721').train) == 2


@pytest.mark.parametrize(('old', 'new', 'message'), [
    ('candle,train,normal', 'candle,val,normal', "line 2: split is 'val', and only train and test are known"),
    ('candle,test,anomaly', 'candle,test,defect', "line 4: label is 'defect', and only normal and anomaly are known"),
    ('candle/Data/Images/Normal/0002.JPG,', ',', 'line 5: there is no image'),
    ('fryum,train', '"fryum,train', 'is damaged'), ('candle', '\u8721', 'is not utf-8 text')])
def test_visa_damage(visa: Path, old: str, new: str, message: str) -> None:
    data = VISA.replace(old, new).encode('gbk')
    (visa / 'split_csv' / '1cls.csv').write_bytes(data)
    with pytest.raises(UserError, match=message) as error:
        visa_layout(visa, 'candle')
    assert '1cls.csv' in str(error.value)
