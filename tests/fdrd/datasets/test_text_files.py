"""Text in the encodings of annotation tools."""
from pathlib import Path

import pytest

from fdrd.datasets.text_files import read_text
from mminspect.core.errors import UserError


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_a_mark_decides(tmp_path: Path, encoding: str) -> None:
    (tmp_path / 'a.txt').write_bytes('划痕\nb'.encode(encoding))
    assert read_text(tmp_path / 'a.txt') == '划痕\nb'


def test_xml_says_its_encoding(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="{}"?><a>划痕</a>'
    (tmp_path / 'a.xml').write_bytes(text.format('gb2312').encode('gb2312'))
    assert '划痕' in read_text(tmp_path / 'a.xml')
    (tmp_path / 'a.xml').write_bytes(text.format('ansi-7').encode())
    with pytest.raises(UserError, match=r"a\.xml' says that its encoding is 'ansi-7', which is unknown: save it as"):
        read_text(tmp_path / 'a.xml')


def test_mistakes(tmp_path: Path) -> None:
    (tmp_path / 'a.txt').write_bytes('划痕'.encode('gb2312'))
    with pytest.raises(UserError, match=r"list of images '.*a\.txt' is not utf-8 text \(byte 0\): save it as UTF-8"):
        read_text(tmp_path / 'a.txt', 'list of images')
    (tmp_path / 'a.txt').write_text(' \n')
    with pytest.raises(UserError, match='is empty'):
        read_text(tmp_path / 'a.txt')
    assert read_text(tmp_path / 'a.txt', may_be_empty=True).strip() == ''
    with pytest.raises(UserError, match=r"b\.txt' cannot be read \(No such file"):
        read_text(tmp_path / 'b.txt')
