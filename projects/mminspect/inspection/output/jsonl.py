"""results.jsonl: one line of JSON for each inspected image, on disk as soon as the image is done."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mminspect.core.errors import UserError
from mminspect.inspection.result import STAGES, InspectionResult

#: What every line has.
KEYS = {'image', 'height', 'width', 'score', 'is_defect', 'threshold', 'boxes', 'model', 'kind', 'fingerprint',
        'runtime', 'precision', 'tile', 'overlap', 'milliseconds'}


class JsonLines:
    """A file that grows by whole lines.

    Whatever ends the program leaves the lines of the images that were done; half a line at the end, of a program that
    was killed while it wrote, is removed when the file is opened again.

    Args:
        path: File to append to; made if it is not there.
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        with path.open('r+b') as handle:
            handle.truncate(_length_of_lines(path))
        self._handle = path.open('ab')

    def add(self, result: InspectionResult) -> None:
        """Append :meth:`InspectionResult.as_dict`.

        Raises:
            OSError: The disk is full.
        """
        self._handle.write(json.dumps(result.as_dict(), allow_nan=False).encode() + b'\n')
        self._handle.flush()

    def close(self) -> None:
        """No more lines."""
        self._handle.close()


def read_lines(path: str | Path) -> Iterator[dict[str, Any]]:
    """Every whole line of the file, as it was added; none where there is no file.

    Raises:
        UserError: A line is no JSON, or no result.
    """
    if not Path(path).is_file():
        return
    with open(path, 'rb') as handle:
        for number, line in enumerate(handle, start=1):
            if line.endswith(b'\n'):
                try:
                    found = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise UserError(f'line {number} of {path} is damaged ({error}): remove it') from error
                if not isinstance(found, dict) or not KEYS <= found.keys() or not _is_whole(found):
                    raise UserError(f'line {number} of {path} is no result of this version of the project: move the '
                                    'file away')
                yield found


def _is_whole(line: dict[str, Any]) -> bool:
    """Whether the values that are read again are of their kinds."""
    try:
        numbers = [line['score'], line['threshold']['value'] if line['threshold'] else 0,
                   *(line['milliseconds'][stage] for stage in STAGES), *(box['score'] for box in line['boxes'])]
    except (TypeError, KeyError):
        return False
    return isinstance(line['image'], str) and line['is_defect'] in (True, False, None) and all(
        isinstance(number, (int, float)) for number in numbers)


def _length_of_lines(path: Path) -> int:
    """Bytes up to the end of the last whole line."""
    with path.open('rb') as handle:
        return sum(len(line) for line in handle if line.endswith(b'\n'))
