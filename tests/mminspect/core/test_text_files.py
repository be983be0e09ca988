"""Text in the encodings of annotation tools."""
import os
from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.core.text_files import read_json, read_lines, read_text

DECLARED = '<?xml version="1.0" encoding="{}"?><a>{}</a>'


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
def test_a_mark_decides(tmp_path: Path, encoding: str) -> None:
    (tmp_path / 'a.txt').write_bytes('划痕\nb'.encode(encoding))
    assert read_text(tmp_path / 'a.txt') == '划痕\nb'


@pytest.mark.parametrize('encoding', ['utf-16-le', 'utf-16-be'])
def test_wide_letters_without_a_mark(tmp_path: Path, encoding: str) -> None:
    (tmp_path / 'a.txt').write_bytes('a\r\nsub/b\n'.encode(encoding))
    assert read_lines(tmp_path / 'a.txt') == ['a', 'sub/b', '']


@pytest.mark.parametrize(('declared', 'written', 'word'), [
    ('gb2312', 'gb2312', '划痕'), ('GB2312', 'gbk', '镕'), ('gbk', 'gbk', '划痕'), ('gb18030', 'gb18030', '划痕'),
    ('big5', 'big5', '劃痕'), ('Shift_JIS', 'shift_jis', '傷'), ('EUC-KR', 'euc_kr', '흠집'),
    ('ISO-8859-1', 'latin-1', 'Größe'), ('windows-1252', 'cp1252', 'Größe'), ('utf-16', 'utf-16', '划痕'),
    ('utf-16', 'utf-8', '划痕')])
def test_xml_says_its_encoding(tmp_path: Path, declared: str, written: str, word: str) -> None:
    """The smaller set's name stands for the larger one, and a wide one for UTF-8 where the declaration is narrow."""
    (tmp_path / 'a.xml').write_bytes(DECLARED.format(declared, word).encode(written))
    assert read_text(tmp_path / 'a.xml') == DECLARED.format(declared, word)


@pytest.mark.parametrize('encoding', ['ansi', 'ansi-7', 'hex', 'unicode_escape', 'idna', 'undefined', 'x' * 5000,
                                      'a\0b', '../gbk', 'utf-7', '编码'])
def test_unknown_encodings_of_xml(tmp_path: Path, encoding: str) -> None:
    (tmp_path / 'a.xml').write_bytes(DECLARED.format(encoding, 'b').encode())
    with pytest.raises(UserError, match=r"a\.xml' says that its encoding is '.*', which is unknown: save it as UTF-8$"):
        read_text(tmp_path / 'a.xml')


def test_another_encoding_than_said(tmp_path: Path) -> None:
    (tmp_path / 'a.txt').write_bytes(b'a\n' + '划痕'.encode('gb2312'))
    with pytest.raises(UserError, match=r"list of images '.*a\.txt' is not utf-8 text \(line 2, byte 2\): save it as "
                                        r"UTF-8 \(in GBK the line would be '划痕'\)$"):
        read_text(tmp_path / 'a.txt', 'list of images')
    (tmp_path / 'a.txt').write_bytes('Größe'.encode('latin-1'))
    with pytest.raises(UserError, match=r"is not utf-8 text \(line 1, byte 2\): save it as UTF-8$"):
        read_text(tmp_path / 'a.txt')
    (tmp_path / 'a.txt').write_bytes('划痕'.encode('utf-16')[:-1])
    with pytest.raises(UserError, match='is not utf-16 text'):
        read_text(tmp_path / 'a.txt')


def test_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / 'a.txt').write_text(' \n')
    with pytest.raises(UserError, match=r"a\.txt' is empty: export"):
        read_text(tmp_path / 'a.txt')
    assert read_text(tmp_path / 'a.txt', may_be_empty=True).strip() == ''
    (tmp_path / 'a.txt').write_bytes(bytes(4096))
    with pytest.raises(UserError, match='is empty, it holds zero bytes alone'):
        read_text(tmp_path / 'a.txt')
    (tmp_path / 'a.txt').write_bytes(b'a\nb\0\0\0\0\0')
    with pytest.raises(UserError, match='is no text, it has a zero byte in line 2'):
        read_text(tmp_path / 'a.txt')


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"b\.txt' cannot be read \(No such file"):
        read_text(tmp_path / 'b.txt')
    with pytest.raises(UserError, match='is a folder or a device: name a file'):
        read_text(tmp_path)
    for name in ('a\0b', 'n' * 300, '\ud800'):
        with pytest.raises(UserError, match='cannot be read'):
            read_text(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='no pipes on this system')
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe')
    with pytest.raises(UserError, match='is a folder or a device'):
        read_text(tmp_path / 'pipe')


@pytest.mark.parametrize('text', ['{"images"', '[' * 100000, '9' * 5000, '\ufeff', '{"a": 1}}', 'null,'])
def test_damaged_json(tmp_path: Path, text: str) -> None:
    (tmp_path / 'a.json').write_text(text, encoding='utf-8')
    with pytest.raises(UserError, match=r"a\.json' is (not valid JSON \(.*\)|empty): export or copy it again$"):
        read_json(tmp_path / 'a.json')
    (tmp_path / 'a.json').write_bytes('{"名": [1, NaN]}'.encode('utf-16'))
    assert list(read_json(tmp_path / 'a.json')) == ['名']
