"""Names of files as they are shown and as they are made: they may hold any bytes but two."""
from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import PurePosixPath

from .outputs import LONGEST_NAME


def printable(text: str) -> str:
    """``text`` in one line that any terminal shows: what moves the cursor or changes colours is escaped, bytes that are
    no text are question marks."""
    return ''.join(letter.encode('unicode_escape').decode() if _is_control(letter) else letter
                   for letter in text.encode('utf-8', 'replace').decode())


def _is_control(letter: str) -> bool:
    return unicodedata.category(letter) in ('Cc', 'Cf', 'Zl', 'Zp')


def fitting_name(path: str, room: int) -> str:
    """``path`` with its last part so short that ``room`` bytes can follow it.

    Args:
        path: Relative, with '/'.
        room: Bytes of the longest suffix that is put behind it.

    Returns:
        ``path`` itself where that is so. Otherwise the last part is cut, and digits that follow from the whole of it
        are put in the place of the end, so that two long names stay different.
    """
    pure, most = PurePosixPath(path), LONGEST_NAME - room
    name = os.fsencode(pure.name)
    if len(name) <= most:
        return path
    digits = hashlib.sha256(name).hexdigest()[:12]
    begin = name[:most - len(digits) - 1].decode('utf-8', 'ignore')
    return str(pure.with_name(f'{begin}-{digits}'))
