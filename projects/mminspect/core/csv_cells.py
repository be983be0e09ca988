"""Cells of CSV files, which people open in spreadsheets."""
from __future__ import annotations

import re

#: What a spreadsheet takes for the beginning of a formula, in the wide forms of Chinese and Japanese keyboards too.
_SIGNS = '=+\\-@＝＋－＠'
#: Letters that are not seen before it: spaces, no-break and zero-width ones, the mark at the begin of a file.
_UNSEEN = ' \\u00a0\\u200b\\u200c\\u200d\\u2060\\ufeff'
_FORMULA = re.compile(f'[{_UNSEEN}]*[{_SIGNS}\\t\\r\\n]')
#: Where the text of one cell becomes two, because the spreadsheet separates by something else than a comma.
_INNER_FORMULA = re.compile(f'(?<=[;|\\t\\r\\n])(?=[{_UNSEEN}]*[{_SIGNS}])')


def safe_cell(value: object) -> object:
    """What to write for a value: no spreadsheet runs it as a formula, and it is text in UTF-8.

    Text that one would take for a formula gets an apostrophe before it; so does such a part of a text behind ``;``,
    a tab or another letter at which some spreadsheets begin a new cell. Bytes of a file's name that are no text, which
    Python holds as lone surrogates, are escaped as JSON escapes them (``\\udcff``): one of them would make the whole
    table unreadable for a strict reader. Numbers stay numbers, None is empty.
    """
    if value is None:
        return ''
    if not isinstance(value, str):
        return value
    value = value.encode('utf-8', 'backslashreplace').decode()
    text = _INNER_FORMULA.sub(lambda found: "'" if value[:found.start()].strip() else '', value)
    return f"'{text}" if _FORMULA.match(value) else text
