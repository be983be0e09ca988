"""results.csv: the same results as a table for a spreadsheet, one row for each image."""
from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mminspect.core.fileio import replacing

COLUMNS = ('image', 'score', 'is_defect', 'threshold', 'boxes', 'height', 'width', 'model', 'fingerprint', 'runtime',
           'milliseconds')


def write_table(path: str | Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write the table, whole or not at all.

    Args:
        path: Of the file.
        lines: :meth:`~mminspect.inspection.result.InspectionResult.as_dict` of each image. ``boxes`` becomes the number
        of those
            that are drawn (see :func:`~mminspect.inspection.output.overlay.drawn`), ``milliseconds`` the sum of all
            stages; what is not known is empty.
    """
    text = io.StringIO(newline='')
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows([_cell(line, column) for column in COLUMNS] for line in lines)
    with replacing(path) as handle:
        handle.write(text.getvalue().encode('utf-8', 'surrogateescape'))


def _cell(line: dict[str, Any], column: str) -> Any:
    value, limit = line[column], line['threshold']
    if column == 'threshold':
        return limit and limit['value']
    if column == 'boxes':
        decides = limit is not None and line['kind'] == 'detection'
        return sum(not decides or box['score'] > limit['value'] for box in value)
    if column == 'milliseconds':
        return round(sum(value.values()), 3)
    return value
