"""Tables as plain text and as Markdown."""
from __future__ import annotations

import math
from collections.abc import Sequence
from io import StringIO

from rich.box import Box
from rich.console import Console
from rich.table import Table
from rich.text import Text

MISSING = 'n/a'
#: A line below the header and none elsewhere, in plain characters.
RULED = Box('    \n    \n -- \n    \n    \n    \n    \n    \n', ascii=True)


def cell(value: float | None, digits: int = 1) -> str:
    """A number with ``digits`` decimals; 'n/a' for None and NaN."""
    return MISSING if value is None or math.isnan(value) else f'{value:.{digits}f}'


def text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded with spaces, a rule below the header: the first column to the left, the others to the right.

    Raises:
        ValueError: A row is longer or shorter than the header.
    """
    _check(header, rows)
    table = Table(box=RULED, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number, title in enumerate(header):
        table.add_column(Text(title), justify='right' if number else 'left', no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    # as wide as it has to be, wherever it is printed
    width = sum(max(map(len, column)) + 2 for column in zip(header, *rows, strict=True))
    # in a notebook rich would show it instead of writing it
    console = Console(file=StringIO(), width=width, color_system=None, force_terminal=False, force_jupyter=False)
    console.print(table)
    return '\n'.join(line.rstrip() for line in console.file.getvalue().splitlines())


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with right-aligned numbers, which rich's Markdown cannot align; raises as :func:`text`."""
    _check(header, rows)
    rule = ['---', *['--:'] * (len(header) - 1)]
    return '\n'.join(f'| {" | ".join(value.replace("|", "/") for value in line)} |' for line in [header, rule, *rows])


def _check(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f'a row has {len(row)} cells, the header {len(header)}')
