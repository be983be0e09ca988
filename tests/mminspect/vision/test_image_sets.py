"""What is told of the images of a data set: orientations, and 12 bits in 16."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from mminspect.core.errors import UserError
from mminspect.vision.image_files import probe_image
from mminspect.vision.image_sets import describe_images, describe_training, refuse_other_readers
from mminspect.vision.reading import Reading


def described(paths: list[Path], reading: Reading = Reading()) -> list[str]:  # noqa: B008 (it is frozen)
    return describe_images(paths, [probe_image(path) for path in paths], reading)


def deep(folder: Path, *largest: int) -> list[Path]:
    """Images of 16 bits with these largest values."""
    paths = [folder / f'{number}.png' for number in range(len(largest))]
    for path, value in zip(paths, largest, strict=True):
        cv2.imwrite(str(path), np.array([[0, value], [value // 2, 1]], np.uint16))
    return paths


def test_upright_images_of_8_bits_are_not_worth_a_word(tmp_path: Path) -> None:
    Image.new('RGB', (4, 8)).save(tmp_path / 'a.jpg')
    assert described([tmp_path / 'a.jpg']) == [] == described([])


def test_dots_and_lines_are_told(tmp_path: Path) -> None:
    for number, size in enumerate([(2, 2), (1, 1), (300, 1), (9, 9)]):
        Image.new('RGB', size).save(tmp_path / f'{number}.png')
    paths = sorted(tmp_path.iterdir())
    assert described([paths[0], paths[3]]) == []
    [text] = described(paths)
    assert text.startswith(f"2 of 4 images are one pixel wide or high (first: '{paths[1]}' has 1x1)")


def test_a_training_of_one_image_is_told() -> None:
    assert describe_training(0) == describe_training(2) == []
    assert describe_training(1)[0].startswith('the training has one image')


def test_orientations_are_counted(tmp_path: Path) -> None:
    for number, turn in enumerate((1, 6, 3, 1)):
        tag = Image.Exif()
        tag[274] = turn
        Image.new('RGB', (4, 8)).save(tmp_path / f'{number}.jpg', exif=tag)
    paths = sorted(tmp_path.iterdir())
    line, = described(paths)
    assert line.startswith('2 of 4 images carry an EXIF orientation and are turned when they are read')
    assert '1.jpg' in line
    line, = described(paths, Reading(orientation=False))
    assert line.startswith('2 of 4 images carry an EXIF orientation and are not turned when they are read')


def write(path: Path, orientation: int | None) -> Path:
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.new('RGB', (64, 48)).save(path, exif=exif)
    return path


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.tif', '.webp'])
def test_tag_is_found(tmp_path: Path, suffix: str) -> None:
    found = [bool(described([write(tmp_path / f'{value}{suffix}', value)])) for value in (None, 1, 2, 3, 6, 8)]
    assert found == [False, False, True, True, True, True]


def test_what_cannot_be_read_is_not_turned(tmp_path: Path) -> None:
    (tmp_path / 'a.jpg').write_bytes(b'\xff\xd8\xff\xe1\x00')
    (tmp_path / 'a.txt').write_text('a')
    assert not described([tmp_path / 'a.jpg', tmp_path / 'a.txt', tmp_path / 'gone.jpg', tmp_path])


def test_warning_counts_and_says_what_to_do(tmp_path: Path) -> None:
    paths = [write(tmp_path / f'{n}.jpg', 3 if n else None) for n in range(5)]
    [text] = described(paths)
    assert text.startswith('4 of 5 images carry an EXIF orientation and are turned') and 'set orientation=False' in text
    assert '1.jpg' in text and '3.jpg' in text and '4.jpg' not in text
    [text] = describe_images(paths, [probe_image(path, False) for path in paths], Reading(orientation=False), 'masks')
    assert 'are not turned' in text and 'the masks were drawn on the turned images' in text
    assert described(paths[:1]) == []


@pytest.mark.parametrize(('largest', 'white'), [((4095, 12), 4095), ((4000, 1023), 4095), ((1023, 900), 1023),
                                                ((0, 0), 1023), ((4096, 12), None), ((12, 65535), None)])
def test_12_bits_in_16(tmp_path: Path, largest: tuple, white: int | None) -> None:
    paths = deep(tmp_path, *largest)
    lines = described(paths)
    assert len(lines) == (white is not None) and described(paths, Reading(4095)) == []
    if white:
        assert f'none of 2 images with 16 bits has a value above {white}' in lines[0]
        assert f'set max_value={white}' in lines[0]


def test_large_sets_are_looked_at_evenly(tmp_path: Path) -> None:
    paths = deep(tmp_path, *[100] * 249, 60000)
    assert 'none of 84 images' in described(paths[:-1] + paths[:1])[0]


@pytest.mark.parametrize(('step', 'refused'), [
    (dict(type='LoadImageFromFile'), True), (dict(type='mmdet.LoadImageFromFile'), True),
    (dict(type='LoadInspectionImage'), False), (dict(type='Resize'), False)])
def test_loaders_of_others_take_common_images_alone(tmp_path: Path, step: dict, refused: bool) -> None:
    Image.new('RGB', (4, 8)).save(tmp_path / 'a.jpg')
    paths = [tmp_path / 'a.jpg', *deep(tmp_path, 5, 6)]
    probes = [probe_image(path) for path in paths]
    refuse_other_readers([len, step], paths[:1], probes[:1])
    if not refused:
        return refuse_other_readers([step], paths, probes)
    with pytest.raises(UserError, match=r"0\.png' \(and 1 more\) is of a kind that LoadImageFromFile shows otherwise"):
        refuse_other_readers([step], paths, probes)
