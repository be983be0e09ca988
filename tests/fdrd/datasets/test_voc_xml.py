from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fdrd.datasets.voc_xml import ImageFinder, nearest_names, parse_voc, read_image_list, unknown_class_error
from mminspect.core.errors import UserError


@pytest.mark.parametrize(('offset', 'expected'), [(1, (4, 5, 24, 15)), (0, (5, 6, 25, 16))])
def test_offset_is_subtracted_from_all_four_corners(tmp_path: Path, write_xml: Callable, offset: int,
                                                    expected: tuple) -> None:
    voc = parse_voc(write_xml(tmp_path / 'a.xml', [('hair', 5, 6, 25, 16)], (64, 48), 'a.png'), offset)
    assert voc.filename == 'a.png'
    assert voc.size == (64, 48)
    assert [(o.name, o.xyxy, o.difficult) for o in voc.objects] == [('hair', expected, False)]


def test_boxes_are_xywh_and_named_by_place(tmp_path: Path, write_xml: Callable) -> None:
    voc = parse_voc(write_xml(tmp_path / 'a.xml', [('hair', 5, 6, 25, 16), ('metal', 2, 3, 9, 5)]), 0)
    assert [(b.name, b.xywh) for b in voc.boxes()] == [
        ('object 1 (hair)', (5, 6, 20, 10)), ('object 2 (metal)', (2, 3, 7, 2))]


def test_size_may_be_absent_or_zero(tmp_path: Path, write_xml: Callable) -> None:
    assert parse_voc(write_xml(tmp_path / 'a.xml', [], None)).size is None
    assert parse_voc(write_xml(tmp_path / 'b.xml', [], (0, 0))).size is None


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'is not valid XML'),
    ('<annotation><object>', 'is not valid XML'),
    ('<annotation><object><name>a</name></object></annotation>', 'is not complete VOC'),
    ('<annotation><object><bndbox/></object></annotation>', 'is not complete VOC'),
    ('<annotation><size><width>x</width><height>2</height></size></annotation>', 'is not complete VOC'),
])
def test_damaged_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / 'bad.xml'
    path.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        parse_voc(path)
    assert 'bad.xml' in str(error.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.xml' does not exist"):
        parse_voc(tmp_path / 'none.xml')


def test_image_is_found_by_stem_suffix_and_file_name(tmp_path: Path) -> None:
    for name in ('a.BMP', 'b.png', 'b.jpg', '.c.png', 'other.tif', 'notes.txt', 'sub/d.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    finder = ImageFinder(tmp_path)
    assert finder.find('a').name == 'a.BMP'
    assert finder.find('b').name == 'b.jpg'  # in the order of IMAGE_EXTENSIONS
    assert finder.find('b', 'whatever.png').name == 'b.png'  # unless the file says which suffix
    assert finder.find('sub/d') == tmp_path / 'sub' / 'd.png'
    assert finder.find('renamed', 'C:\\pictures\\other.tif').name == 'other.tif'
    assert finder.find('c') is None  # hidden
    assert finder.find('notes') is None
    assert ImageFinder(tmp_path / 'nowhere').find('a') is None


def test_list_of_images_leaves_out_hidden_and_empty_lines(tmp_path: Path) -> None:
    path = tmp_path / 'train.txt'
    path.write_text('a \n\n._a\n.DS_Store\nsub/b\r\n')
    assert read_image_list(path) == ['a', 'sub/b']


def test_list_of_images_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"train.txt' does not exist: correct"):
        read_image_list(tmp_path / 'train.txt')
    (tmp_path / 'train.txt').write_text('\n')
    with pytest.raises(UserError, match=r"train.txt' is empty: it needs"):
        read_image_list(tmp_path / 'train.txt')


def test_nearest_names_ignore_case_and_accept_numbers() -> None:
    assert nearest_names('Hiar', ('metal', 'hair')) == ['hair']
    assert nearest_names('zzz', ('metal', 'hair')) == []
    assert nearest_names('1', (1, 2)) == ['1']


def test_unknown_class_says_file_name_nearest_and_count() -> None:
    text = str(unknown_class_error('x/a.xml', 'metall', ('hair', 'metal'), more=2))
    assert "'x/a.xml'" in text
    assert "class 'metall' and 2 more objects" in text
    assert "nearest: 'metal'" in text
