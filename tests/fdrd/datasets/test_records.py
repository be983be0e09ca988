from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fdrd.datasets.records import BoxRecord, ImageRecord, check_any_object, check_boxes, check_images
from mminspect.core.errors import UserError


def record(*boxes: tuple[float, ...], name: str = 'a.png', path: Path | None = None,
           size: tuple[int, int] | None = (64, 48)) -> ImageRecord:
    return ImageRecord(name, path, size, [BoxRecord(f'annotation {n}', 'hair', box) for n, box in enumerate(boxes, 7)])


def test_no_object_at_all() -> None:
    check_any_object([record(), record((1, 1, 2, 2))], 'train.json')
    with pytest.raises(UserError, match=r"'train.json' lists 2 images but not one annotated object: add"):
        check_any_object([record(), record()], 'train.json')


@pytest.mark.parametrize('box', [(4, 4, 0, 5), (4, 4, 5, 0), (4, 4, -3, 5), (4, 4, float('nan'), 5)])
def test_box_without_size(box: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match=r"annotation 7 of image 'a.png'.* has zero or negative size") as error:
        check_boxes([record(box), record(box), record(box)], 'train.json')
    assert '2 more boxes like it: correct or delete it' in str(error.value)


@pytest.mark.parametrize('box', [(60, 4, 6, 5), (4, 44, 5, 6), (-2, 4, 5, 5), (4, -2, 5, 5), (400, 4, 5, 5)])
def test_box_outside(box: tuple[float, ...]) -> None:
    with pytest.raises(UserError, match=r"annotation 8 of image 'a.png' of 64x48 pixels .* lies outside its") as error:
        check_boxes([record((1, 1, 5, 5), box)], 'train.json', ' (try this)')
    assert ', '.join(f'{v:g}' for v in box) in str(error.value)
    assert 'like it' not in str(error.value)
    assert str(error.value).endswith('correct it (try this)')


def test_box_at_the_border_is_fine_and_just_over_it_a_warning() -> None:
    assert check_boxes([record((0, 0, 64, 48))], 'train.json') == []
    warnings = check_boxes([record((-0.5, 0, 64, 48)), record((9, 9, 5, 5))], 'train.json')
    assert warnings == ["'train.json': 1 of 2 boxes reach up to 1 px over the border of their image"]


def test_box_of_an_image_of_unknown_size_is_not_judged() -> None:
    assert check_boxes([record((400, 400, 5, 5), size=None)], 'train.json') == []


def test_tiny_boxes_and_empty_images_are_counted() -> None:
    warnings = check_boxes([record((4, 4, 3.5, 9), (4, 4, 0.5, 9)), record(), record()], 'train.json')
    assert [w.split(': ', 1)[1] for w in warnings] == [
        '2 of 2 boxes have a side below 4 px: think of a larger input scale or tiles',
        '1 of 2 boxes have a side below 1 px: no detector learns them, so delete them',
        '2 of 3 images have no object']


def test_images_of_good_state(tmp_path: Path, write_image: Callable) -> None:
    path = write_image(tmp_path / 'a.png')
    check_images([record(path=path), record(path=path, size=None)], 'train.json', tmp_path)


def test_folder_missing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"image folder '.*nowhere' of 'train.json' does not exist: put"):
        check_images([record()], 'train.json', tmp_path / 'nowhere')


def test_image_missing(tmp_path: Path, write_image: Callable) -> None:
    here = record(path=write_image(tmp_path / 'a.png'))
    with pytest.raises(UserError, match=r"image file 'b.png' of 'train.json' is not in .*; 1 more image like it: copy"):
        check_images([here, record(name='b.png', path=tmp_path / 'b.png'), record(name='c')], 'train.json', tmp_path)


def test_image_truncated(tmp_path: Path, write_image: Callable) -> None:
    path = write_image(tmp_path / 'a.jpg')
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UserError, match=r"image file '.*a.jpg' is truncated: copy it again"):
        check_images([record(path=path)], 'train.json', tmp_path)


def test_image_of_other_size(tmp_path: Path, write_image: Callable) -> None:
    path = write_image(tmp_path / 'a.png', 32, 24)
    with pytest.raises(UserError, match=r"a.png' has 32x24 pixels but 'train.json' says 64x48: the boxes"):
        check_images([record(path=path)], 'train.json', tmp_path)
