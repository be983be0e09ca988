"""Text files as annotation tools write them: with or without a byte-order mark, in whatever encoding they say."""
from __future__ import annotations

import codecs
import re
from pathlib import Path

from mminspect.core.errors import UserError

_MARKS = {codecs.BOM_UTF8: 'utf-8-sig', codecs.BOM_UTF16_LE: 'utf-16', codecs.BOM_UTF16_BE: 'utf-16'}
_XML_ENCODING = re.compile(rb'^<\?xml[^>]*?encoding\s*=\s*["\']([^"\']+)["\']')


def read_text(path: str | Path, what: str = 'annotation file', may_be_empty: bool = False) -> str:
    """The text of a file.

    A byte-order mark decides on the encoding, then the declaration of an XML file, else it is UTF-8.

    Args:
        path: Of the file.
        what: The file is, for messages.
        may_be_empty: Whether a file without any text is right.

    Raises:
        UserError: It is missing, unreadable, empty, or in another encoding than it says.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{what} '{path}' cannot be read ({error.strerror}): check the path and its rights") from error
    if not data.strip() and not may_be_empty:
        raise UserError(f"{what} '{path}' is empty: export or copy it again")
    declared = _XML_ENCODING.match(data)
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)),
                    declared[1].decode('ascii', 'replace') if declared else 'utf-8')
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{what} '{path}' is not {encoding} text (byte {error.start}): save it as UTF-8") from error
    except LookupError as error:
        raise UserError(f"{what} '{path}' says that its encoding is {encoding!r}, which is unknown: save it as UTF-8") \
            from error
