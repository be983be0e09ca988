"""Records as CSV, row by row."""
from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping

from django.db.models import QuerySet
from django.utils import timezone

from mminspect.core.csv_cells import safe_cell

from . import decisions, filters
from .models import Record

COLUMNS = ('id', 'time', 'source', 'camera', 'name', 'state', 'decision', 'score', 'threshold', 'threshold_then',
           'mark', 'marked_by', 'boxes', 'width', 'height', 'model', 'fingerprint', 'runtime', 'ms', 'error')


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def rows(records: QuerySet[Record], limits: Mapping[str, decisions.ThresholdInForce]) -> Iterator[str]:
    """Text of the header, then of so many records at a time that memory does not grow with their number."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for chunk in filters.in_chunks(records):
        yield ''.join(writer.writerow([safe_cell(value) for value in _values(record, limits)]) for record in chunk)


def _values(record: Record, limits: Mapping[str, decisions.ThresholdInForce]) -> list[object]:
    limit, model = limits.get(record.model_id), record.model
    decision = {True: 'defect', False: 'good', None: ''}[decisions.is_defect(record, limits)]
    return [record.id, timezone.localtime(record.created).isoformat(), record.source, record.camera, record.name,
            record.state, decision, record.score, limit and limit.threshold.value, record.threshold, record.mark,
            record.marked_by, len(record.boxes), record.width, record.height, model and model.name, record.model_id,
            model and model.runtime, record.ms, record.error]
