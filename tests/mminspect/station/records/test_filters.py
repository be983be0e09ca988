"""Every combination of filters against a loop over all records."""
from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mminspect.decisions import Threshold
from mminspect.station.records import decisions, filters
from mminspect.station.records.models import DONE, Record
from station_site import INFO

pytestmark = pytest.mark.usefixtures('database')
START = datetime(2026, 1, 1, tzinfo=UTC)
CHOICES = dict(since=('', (START + timedelta(hours=5)).isoformat()),
               until=('', (START + timedelta(hours=20)).isoformat()),
               source=('', 'upload', 'camera', 'live2'), decision=('', 'good', 'defect', 'none'),
               mark=('', 'good', 'none'), min_score=('', '0.3'), max_score=('', '0.7'))


@pytest.fixture
def records() -> list[Record]:
    model = decisions.register_model(dict(INFO, threshold=Threshold(0.5, 'x', 1)))
    for number in range(24):
        done = number % 6 != 5
        Record.objects.create(
            suffix='.png', created=START + timedelta(hours=number), source=('upload', 'camera')[number % 2],
            camera=('', 'live1', '', 'live2')[number % 4], state=DONE if done else 'waiting',
            score=number / 24 if done else None, model=model if done else None, mark=('', 'good', 'defect')[number % 3])
    return list(Record.objects.all())


def fits(record: Record, asked: dict[str, str]) -> bool:
    """In words of Python."""
    decision = 'none' if record.score is None else ('good', 'defect')[record.score > 0.5]
    return all([
        not asked['since'] or record.created >= datetime.fromisoformat(asked['since']),
        not asked['until'] or record.created <= datetime.fromisoformat(asked['until']),
        asked['source'] in ('', record.source, record.camera),
        asked['decision'] in ('', decision), asked['mark'] in ('', record.mark or 'none'),
        not asked['min_score'] or (record.score is not None and record.score >= 0.3),
        not asked['max_score'] or (record.score is not None and record.score <= 0.7)])


def select(**asked: Any) -> list[Record]:
    form = filters.RecordFilter(asked)
    assert form.is_valid(), form.errors
    return list(form.select(decisions.thresholds_in_force()))


def test_all_combinations(records: list[Record]) -> None:
    for values in itertools.product(*CHOICES.values()):
        asked = dict(zip(CHOICES, values, strict=True))
        assert [record.id for record in select(**asked)] == [record.id for record in records if fits(record, asked)]


def test_only_anomalies(records: list[Record]) -> None:
    assert select(only_anomalies='1') == select(decision='defect') != []
    assert len(select(only_anomalies='')) == len(records)


def test_chunks_are_all_records_once_in_order(records: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    Record.objects.update(created=START)  # equal times: the identifiers decide
    monkeypatch.setattr(filters, 'CHUNK', 5)
    chunks = list(filters.in_chunks(Record.objects.all()))
    assert [len(chunk) for chunk in chunks] == [5, 5, 5, 5, 4]
    assert [record.id for chunk in chunks for record in chunk] == [record.id for record in Record.objects.all()]
