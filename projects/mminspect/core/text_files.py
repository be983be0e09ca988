"""Text files as annotation tools write them: with or without a byte-order mark, in whatever encoding they say.

Every reader of annotations, lists and tables decodes through this file, so that damage of any kind is one sentence.
"""
from __future__ import annotations

import codecs
import json
import os
import re
from pathlib import Path
from typing import Any

from .errors import UserError

#: UTF-32 first: its mark begins with that of UTF-16.
_MARKS = {codecs.BOM_UTF32_LE: 'utf-32', codecs.BOM_UTF32_BE: 'utf-32', codecs.BOM_UTF8: 'utf-8-sig',
          codecs.BOM_UTF16_LE: 'utf-16', codecs.BOM_UTF16_BE: 'utf-16'}
_XML_ENCODING = re.compile(rb'^\s*<\?xml[^>]*?encoding\s*=\s*["\']([^"\'>]+)["\']')
#: Names that mean more than they say: programs call the larger set by the name of the smaller one.
_SUPERSETS = {'gb2312': 'gb18030', 'gbk': 'gb18030', 'cp936': 'gb18030', 'big5': 'cp950', 'shift_jis': 'cp932',
              'euc_kr': 'cp949'}
#: Python's codecs that are no encodings of files.
_NOT_OF_FILES = ('idna', 'punycode', 'unicode_escape', 'raw_unicode_escape', 'undefined', 'utf_7')
#: Encodings of two or four bytes for each letter; a declaration that can be read byte by byte is not in them.
_WIDE = re.compile(r'(utf|ucs|iso-10646-ucs)[-_]?(16|32|2|4)')


def read_text(path: str | Path, what: str = 'annotation file', may_be_empty: bool = False) -> str:
    """The text of a file.

    A byte-order mark decides on the encoding, then the declaration of an XML file, else it is UTF-8.

    Args:
        path: Of the file.
        what: The file is, for messages.
        may_be_empty: Whether a file without any text is right.

    Raises:
        UserError: It is missing, unreadable, empty, no text, or in another encoding than it says.
    """
    return decode(read_bytes(path, what, may_be_empty), f"{what} '{path}'")


def read_lines(path: str | Path, what: str = 'annotation file', may_be_empty: bool = False) -> list[str]:
    """The lines of a file, without their ends; raises as :func:`read_text`."""
    return re.split('\r\n|\n|\r', read_text(path, what, may_be_empty))


def read_json(path: str | Path, what: str = 'annotation file') -> Any:
    """What a JSON file holds; raises as :func:`read_text`, and for what is not valid JSON."""
    return parse_json(read_bytes(path, what), f"{what} '{path}'")


def parse_json(data: bytes, name: str) -> Any:
    """What the bytes of a JSON file hold; raises as :func:`decode`, and for what is not valid JSON.

    Args:
        data: All bytes of a file.
        name: Of the file and what it is, for messages.
    """
    try:
        return json.loads(decode(data, name))
    except (ValueError, RecursionError) as error:
        raise UserError(f'{name} is not valid JSON ({error}): export or copy it again') from None


def read_bytes(path: str | Path, what: str = 'annotation file', may_be_empty: bool = False) -> bytes:
    """The bytes of a file.

    Raises:
        UserError: It is missing, unreadable, no file, or empty (zeros alone count as nothing, as disks leave them).
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise UserError(f"{what} '{path}' is a folder or a device: name a file")
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{what} '{path}' cannot be read ({error.strerror}): check the path and its rights") from error
    except ValueError as error:  # a name that no system takes
        raise UserError(f'{what} {str(path)!r} cannot be read ({error}): correct the path') from error
    if not data.strip(b' \t\r\n\f\v\0') and not may_be_empty:
        zeros = ', it holds zero bytes alone' if b'\0' in data else ''
        raise UserError(f"{what} '{path}' is empty{zeros}: export or copy it again")
    return data


def decode(data: bytes, name: str) -> str:
    """Text of bytes, as :func:`read_text` decodes it.

    Args:
        data: All bytes of a file.
        name: Of the file and what it is, for messages.

    Raises:
        UserError: They are no text, or not in the encoding that they name.
    """
    encoding = encoding_of(data, name)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[:error.start].count(b'\n')
        raise UserError(f'{name} is not {encoding} text (line {line + 1}, byte {error.start}): '
                        f'save it as UTF-8{_guess(data, line)}') from error
    if '\0' in text:
        line = text[:text.index('\0')].count('\n') + 1
        raise UserError(f'{name} is no text, it has a zero byte in line {line}: export or copy it again')
    return text


def encoding_of(data: bytes, name: str) -> str:
    """Python's name of the encoding: that of the byte-order mark, of the XML declaration, or UTF-8.

    Raises:
        UserError: The declaration names none that Python knows.
    """
    marked = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), None)
    declared = _XML_ENCODING.match(data)
    if marked or not declared:
        return marked or _unmarked(data)
    given = declared[1].decode('ascii', 'replace').strip()
    try:
        codec = codecs.lookup(given)
        if codec.name.replace('-', '_') in _NOT_OF_FILES or not codec._is_text_encoding:
            raise LookupError(given)
    except (LookupError, ValueError):
        raise UserError(f'{name} says that its encoding is {given[:40]!r}, which is unknown: save it as UTF-8') \
            from None
    return 'utf-8' if _WIDE.match(codec.name) else _SUPERSETS.get(codec.name, codec.name)


def _unmarked(data: bytes) -> str:
    """UTF-8, but UTF-16 where every other byte is zero, as without a byte-order mark plain letters are written."""
    start = data[:200]
    if len(start) > 1 and len(data) % 2 == 0:
        even, odd = start[::2], start[1::2]
        for encoding, zeros, letters in (('utf-16-le', odd, even), ('utf-16-be', even, odd)):
            if not any(zeros) and all(letters):
                return encoding
    return 'utf-8'


def _guess(data: bytes, line: int) -> str:
    """What the line would be in the commonest other encoding of such files, if it would be Chinese."""
    try:
        text = data.split(b'\n')[line].decode('gb18030').strip()
    except UnicodeDecodeError:
        return ''
    chinese = sum('\u4e00' <= letter <= '\u9fff' for letter in text)  # one may be two accented letters of Latin-1
    return f' (in GBK the line would be {text[:40]!r})' if chinese > 1 else ''
