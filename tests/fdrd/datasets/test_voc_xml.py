from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fdrd.datasets.voc_xml import (
    SAME_NAME,
    AnnotationFinder,
    ImageFinder,
    class_counts,
    nearest_names,
    parse_voc,
    unknown_class_error,
)
from mminspect.core.errors import UserError
from mminspect.vision.folders import HIDDEN, OTHERS, SYSTEM


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
    assert parse_voc(write_xml(tmp_path / 'b.xml', [], (64, 0))).size is None


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'is empty'),
    ('<annotation><object>', 'is not valid XML'),
    ('<annotation>\n<object><name>a</name></object></annotation>',
     'is not complete VOC: the <object> in line 2 has no <bndbox>; correct it or export the file again'),
    ('<annotation><object><bndbox/></object></annotation>', 'is not complete VOC: the <object> in line 1 has no <name'),
    ('<annotation><object><name> </name><bndbox/></object></annotation>', 'the <name> in line 1 is empty'),
    ('<annotation><object><name>a</name><bndbox/></object></annotation>', 'the <bndbox> in line 1 has no <xmin>'),
    ('<annotation><size><width>x</width><height>2</height></size></annotation>',
     "is not complete VOC: the <width> in line 1 is 'x' instead of a number"),
    ('<annotation><size><width>9.5</width><height>2</height></size></annotation>', 'says 9.5x2 pixels instead of'),
    ('<annotation><size><width>9</width><height>-2</height></size></annotation>',
     'the <size> in line 1 says 9x-2 pixels, of which none can be below 0; correct it'),
    ('<annotation><size><width>-9</width><height>0</height></size></annotation>', 'says -9x0 pixels'),
    ('<annotation><size>9x2</size></annotation>', 'the <size> in line 1 has no <width>'),
    ('<annotations><image/></annotations>', 'is no VOC: it begins with <annotations> instead of <annotation>'),
    ('<html><body>404</body></html>', 'is no VOC: it begins with <html>'),
    ('<annotation><objects><object/></objects></annotation>', 'the <object> in line 1 stands in another element'),
    ('<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>', 'declares or uses an entity in line 1'),
    ('<!DOCTYPE a SYSTEM "a.dtd"><annotation>&b;</annotation>', 'declares or uses an entity in line 1'),
    ('<annotation>' + '<a>' * 60 + '</a>' * 60 + '</annotation>', 'more than 50 elements in each other'),
    ('<annotation>' * 2, 'is not valid XML'),
])
def test_damaged_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / 'bad.xml'
    path.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        parse_voc(path)
    assert 'bad.xml' in str(error.value)


OBJECT = ('<annotation>\n<object><name>scratch</name><difficult>{}</difficult><bndbox>\n<xmin>{}</xmin><ymin>21</ymin>'
          '<xmax>31.6</xmax><ymax>41</ymax></bndbox></object></annotation>')


@pytest.mark.parametrize(('word', 'expected'), [
    ('0', False), ('1', True), ('Unspecified', False), ('unspecified', False), ('', False), (' 1 ', True),
    ('1.0', True), ('true', True), ('False', False), ('yes', True)])
def test_words_for_difficult(tmp_path: Path, word: str, expected: bool) -> None:
    (tmp_path / 'a.xml').write_text(OBJECT.format(word, 11))
    [found] = parse_voc(tmp_path / 'a.xml').objects
    assert found.difficult is expected and found.xyxy == (10, 20, 30, 40)


@pytest.mark.parametrize(('word', 'corner', 'message'), [
    ('perhaps', '11', "the <difficult> in line 2 is 'perhaps' instead of 0 or 1"),
    ('nan', '11', "the <difficult> in line 2 is 'nan' instead of 0 or 1"),
    ('0', '1,5', "the <xmin> in line 3 is '1,5' instead of a number"), ('0', '', "<xmin> in line 3 is '' instead of"),
    ('0', 'inf', "is 'inf' instead"), ('0', '1e400', "is '1e400'"), ('0', '1_1', "is '1_1'"),
    ('0', '9' * 400, "is '999"),
])
def test_a_value_that_is_none_is_named_with_its_tag(tmp_path: Path, word: str, corner: str, message: str) -> None:
    (tmp_path / 'a.xml').write_text(OBJECT.format(word, corner))
    with pytest.raises(UserError, match=message):
        parse_voc(tmp_path / 'a.xml')


def test_sizes_with_a_point_and_names_in_capitals_are_read(tmp_path: Path) -> None:
    text = '<Annotation xmlns="x"><size><Width>80.0</Width><height>60.0</height></size>{}</Annotation>'
    (tmp_path / 'a.xml').write_text(text.format(OBJECT.format(0, 11).removeprefix('<annotation>')
                                                .removesuffix('</annotation>').replace('object>', 'Object>')))
    voc = parse_voc(tmp_path / 'a.xml')
    assert voc.size == (80, 60) and [found.name for found in voc.objects] == ['scratch']


@pytest.mark.parametrize('encoding', ['gb2312', 'gbk', 'utf-8', 'utf-16'])
def test_declared_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>' + OBJECT.format(0, 11).replace('scratch', '划痕')
    (tmp_path / 'a.xml').write_bytes(text.encode(encoding))
    assert [found.name for found in parse_voc(tmp_path / 'a.xml').objects] == ['划痕']


def test_entities_are_refused_at_once(tmp_path: Path) -> None:
    """Ten of ten of ten ...: 3 GB of text if it were read."""
    laughs = ''.join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    (tmp_path / 'a.xml').write_text(f'<!DOCTYPE annotation [<!ENTITY l0 "lol">{laughs}]>'
                                    '<annotation><filename>&l9;</filename></annotation>')
    start = time.perf_counter()
    with pytest.raises(UserError, match=r"a\.xml' declares or uses an entity in line 1, .*: remove its <!DOCTYPE"):
        parse_voc(tmp_path / 'a.xml')
    assert time.perf_counter() - start < 1


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


def test_annotations_with_a_suffix_in_capitals(tmp_path: Path) -> None:
    for name in ('a.xml', 'b.XML', 'c.Xml', 'c.xml', '.d.xml', 'notes.txt', 'sub/e.XML', '@eaDir/f.xml', '.git/g.xml'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    finder = AnnotationFinder(tmp_path)
    assert finder.stems() == ['a', 'b', 'c', 'sub/e']
    assert [finder.path(stem).name for stem in finder.stems()] == ['a.xml', 'b.XML', 'c.xml', 'e.XML']
    assert {reason: len(paths) for reason, paths in finder.listing().left.items()} == {
        OTHERS: 1, HIDDEN: 2, SYSTEM: 1, SAME_NAME: 1}
    (tmp_path / 'sub' / 'round').symlink_to(tmp_path)
    assert finder.stems() == ['a', 'b', 'c', 'sub/e']  # a circle ends
    assert finder.find('d') is None and finder.path('none') == tmp_path / 'none.xml'
    assert finder.find('a\0b') is finder.find('x' * 400) is finder.find('x' * 400 + '/a') is None


def test_nearest_names_ignore_case_and_accept_numbers() -> None:
    assert nearest_names('Hiar', ('metal', 'hair')) == ['hair']
    assert nearest_names('zzz', ('metal', 'hair')) == []
    assert nearest_names('1', (1, 2)) == ['1']


def test_unknown_class_says_file_name_nearest_and_count() -> None:
    found = dict(hair=1, metall=3, dot=1)
    text = str(unknown_class_error("'x/a.xml' has an object", 'metall', ('hair', 'metal'), found))
    assert text.startswith("'x/a.xml' has an object of class 'metall', which is not one of the classes ('hair', 'me")
    assert "nearest: 'metal'" in text
    assert text.endswith("all annotations together have 3 objects of 'metall', 1 of 'dot', 1 of 'hair'")


@pytest.mark.parametrize(('found', 'said'), [
    ({}, 'no object'), (dict(a=1), "1 object of 'a'"), (dict(b=2, a=2), "2 objects of 'a', 2 of 'b'"),
    ({'of of': 1}, "1 object of 'of of'"), ({'x' * 90: 2}, f"2 objects of '{'x' * 80}...'"),
    ({f'{n:02d}': 20 - n for n in range(14)}, ", 9 of '11' and 2 more classes")])
def test_classes_with_counts(found: dict[str, int], said: str) -> None:
    assert class_counts(found).endswith(said)
