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
    """What to write for a value: no spreadsheet runs it as a formula.

    Text that one would take for a formula gets an apostrophe before it; so does such a part of a text behind ``;``,
    a tab or another letter at which some spreadsheets begin a new cell. Numbers stay numbers, None is empty.
    """
    if value is None:
        return ''
    if not isinstance(value, str):
        return value
    text = _INNER_FORMULA.sub(lambda found: "'" if value[:found.start()].strip() else '', value)
    return f"'{text}" if _FORMULA.match(value) else text
