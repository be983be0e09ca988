"""Tables as plain text and as Markdown."""
from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = 'n/a'


def cell(value: float | None, digits: int = 1) -> str:
    """A number with ``digits`` decimals; 'n/a' for None and NaN."""
    return MISSING if value is None or math.isnan(value) else f'{value:.{digits}f}'


def text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded with spaces: the first to the left, the others to the right.

    Raises:
        ValueError: A row is longer or shorter than the header.
    """
    lines = [list(header), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ['-' * width for width in widths])
    return '\n'.join('  '.join(value.rjust(width) if i else value.ljust(width)
                               for i, (value, width) in enumerate(zip(line, widths, strict=True))).rstrip()
                     for line in lines)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with right-aligned numbers; raises as :func:`text`."""
    rule = ['---', *['---:'] * (len(header) - 1)]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f'a row has {len(row)} cells, the header {len(header)}')
    return '\n'.join(f'| {" | ".join(value.replace("|", "/") for value in line)} |' for line in [header, rule, *rows])
