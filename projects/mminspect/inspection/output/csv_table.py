"""results.csv: the same results as a table for a spreadsheet, one row for each image."""
from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mminspect.core.csv_cells import safe_cell
from mminspect.core.fileio import replacing
from mminspect.inspection.tasks import task_of

COLUMNS = ('image', 'score', 'is_defect', 'threshold', 'boxes', 'height', 'width', 'model', 'fingerprint', 'runtime',
           'milliseconds')


def write_table(path: str | Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write the table, whole or not at all; a name that a spreadsheet would take for a formula gets an apostrophe.

    UTF-8 whatever bytes a file's name has, see :func:`~mminspect.core.csv_cells.safe_cell`.

    Args:
        path: The file to write or replace.
        lines: :meth:`~mminspect.inspection.result.InspectionResult.as_dict` of each image. ``threshold`` becomes its
            value, ``milliseconds`` the sum of all stages, and ``boxes`` what the task of the model counts (see
            :meth:`~mminspect.inspection.tasks.Task.cells`); what is not known is empty.

    Raises:
        UserError: No task is registered for the kind of a line's model.
    """
    text = io.StringIO(newline='')
    table = csv.writer(text)
    table.writerow(COLUMNS)
    table.writerows(_row(line) for line in lines)
    with replacing(path) as handle:
        handle.write(text.getvalue().encode())


def _row(line: dict[str, Any]) -> list[Any]:
    cells = {**line, 'threshold': line['threshold'] and line['threshold']['value'],
             'milliseconds': round(sum(line['milliseconds'].values()), 3), **task_of(line['kind']).cells(line)}
    return [safe_cell(cells[column]) for column in COLUMNS]
