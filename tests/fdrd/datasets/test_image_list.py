"""Lists of images as programs write them."""
from __future__ import annotations

from pathlib import Path

import pytest

from fdrd.datasets.image_list import ImageList, read_image_list
from fdrd.datasets.voc_xml import AnnotationFinder
from mminspect.core.errors import UserError

LABELLED = ('it is the list of one class ({} lines end with 1, 0 or -1), of which all images are used, whatever the '
            'label')


@pytest.fixture
def annotations(tmp_path: Path) -> AnnotationFinder:
    for name in ('a', 'b', 'sub/c', 'part 1', 'x.png', 'd'):
        path = tmp_path / 'Annotations' / f'{name}.xml'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / 'Annotations' / 'd.xml').rename(tmp_path / 'Annotations' / 'd.XML')
    return AnnotationFinder(tmp_path / 'Annotations')


def listed(annotations: AnnotationFinder, data: str | bytes) -> ImageList:
    path = annotations.folder.parent / 'train.txt'
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_image_list(path, annotations)


@pytest.mark.parametrize('data', [
    'a\nb\nsub/c\n', 'a\r\nb\r\nsub/c', 'a\rb\rsub/c\r', 'a \n\nb\n\tsub/c', 'a.png\nb.JPG\nsub/c.bmp',
    'a.xml\nb.XML\nsub\\c', 'JPEGImages/a.png\n./b\n/data/voc/JPEGImages/sub/c.jpg',
    'C:\\voc\\Annotations\\a.xml\nb\nsub/c'])
def test_forms_of_a_line(annotations: AnnotationFinder, data: str) -> None:
    assert listed(annotations, data) == ImageList(['a', 'b', 'sub/c'], [])


def test_hidden_files_are_left_out_and_told(annotations: AnnotationFinder) -> None:
    found = listed(annotations, 'a\n._a\n.DS_Store\nsub\\.b\nJPEGImages/._b.png\nb\nsub/c')
    assert found == ImageList(['a', 'b', 'sub/c'], [
        '4 lines name hidden files and are left out (first: ._a, .DS_Store, sub\\.b)'])


@pytest.mark.parametrize('line', ['.', '..', '../..', 'sub\\..', '../a', '...'])
def test_folders_are_no_images(annotations: AnnotationFinder, line: str) -> None:
    with pytest.raises(UserError, match=r'does not exist: add it, or take .* out of line 2 of'):
        listed(annotations, f'a\n{line}\nb')


@pytest.mark.parametrize('encoding', ['utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32'])
def test_encodings(annotations: AnnotationFinder, encoding: str) -> None:
    assert listed(annotations, 'a\r\nd\r\n'.encode(encoding)).stems == ['a', 'd']


def test_the_list_of_one_class(annotations: AnnotationFinder) -> None:
    found = listed(annotations, 'a  1\nb -1\nsub/c  0\n')
    assert found.stems == ['a', 'b', 'sub/c']
    assert found.warnings == [LABELLED.format(3)]
    assert listed(annotations, 'part 1\nx.png\npart 1 -1') == ImageList(
        ['part 1', 'x.png'], [LABELLED.format(1),
                              '1 lines name an image that an earlier one names, and are left out (first: part 1)'])


def test_an_image_twice(annotations: AnnotationFinder) -> None:
    found = listed(annotations, 'b\na\nb.png\nb\na')
    assert found.stems == ['b', 'a']
    assert found.warnings == ['3 lines name an image that an earlier one names, and are left out (first: b, a)']


def test_a_line_without_annotation_is_named(annotations: AnnotationFinder) -> None:
    with pytest.raises(UserError, match=r"annotation file '.*Annotations/e\.png\.xml' does not exist: add it, or take "
                                        r"'e\.png' out of line 3 of '.*train\.txt' \(1 more such lines\)$"):
        listed(annotations, 'a\n\ne.png\nf\n')


def test_damage(annotations: AnnotationFinder) -> None:
    with pytest.raises(UserError, match=r"train\.txt' does not exist: correct"):
        read_image_list(annotations.folder / 'train.txt', annotations)
    for data, message in (('\n', 'is empty: it needs one image name'), (b'a\n\xff\xd8', r'is not utf-8 text \(line 2'),
                          ('划痕'.encode('gbk'), 'save it as UTF-8'), (bytes(100), 'is no text|is empty'),
                          (b'a\0b\0\n', 'does not exist|zero byte')):
        with pytest.raises(UserError, match=message):
            listed(annotations, data)


def test_without_annotations_lines_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / 'train.txt').write_text('a \n\n._a\n.DS_Store\nsub/b.png 1\r\n')
    assert read_image_list(tmp_path / 'train.txt').stems == ['a', 'sub/b.png 1']
