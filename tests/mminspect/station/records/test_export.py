"""CSV: what is in it, what a spreadsheet must not run, and that it is streamed."""
from __future__ import annotations

import csv
import io
import itertools
import os

import pytest

from mminspect.decisions import Threshold
from mminspect.station.records import decisions, export, filters
from mminspect.station.records.models import DONE, Record
from station_site import INFO, Client, png

EVIL = ('=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\r=1', '  =HYPERLINK("x")', "'=1", 'a,"b"\nc', 'straße.png')


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline='')))


@pytest.mark.usefixtures('database')
def test_no_cell_begins_a_formula_and_numbers_stay_numbers() -> None:
    model = decisions.register_model(dict(INFO, name='=cmd()', threshold=Threshold(-1.0, 'x', 1)))
    for name in EVIL:
        Record.objects.create(suffix='.png', state=DONE, score=-0.5, model=model, name=name, marked_by='@mira')
    rows = read(''.join(export.rows(Record.objects.all(), decisions.thresholds_in_force())))
    assert len(rows) == len(EVIL)
    for row in rows:
        assert float(row['score']) == -0.5 and float(row['threshold']) == -1.0 and row['decision'] == 'defect'
        assert row['model'] == "'=cmd()" and row['marked_by'] == "'@mira"
        assert not row['name'].lstrip(' ').startswith(('=', '+', '-', '@', '\t', '\r'))
    assert {row['name'].removeprefix("'") for row in rows} >= {*EVIL} - {"'=1"}


@pytest.mark.usefixtures('database')
def test_the_table_is_utf8_whatever_bytes_a_name_has(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record.objects.create(suffix='.png')
    record.name = os.fsdecode(b'\xff.png')
    monkeypatch.setattr(filters, 'in_chunks', lambda _: [[record]])
    table = ''.join(export.rows(Record.objects.all(), {})).encode()
    assert read(table.decode())[0]['name'] == r'\udcff.png'


@pytest.mark.usefixtures('database')
def test_rows_come_a_chunk_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, 'CHUNK', 3)
    for _ in range(7):
        Record.objects.create(suffix='.png')
    pieces = export.rows(Record.objects.all(), {})
    assert [piece.count('\r\n') for piece in itertools.islice(pieces, 2)] == [1, 3]
    Record.objects.all().delete()  # what has not been asked for is not in memory
    assert list(pieces) == []


def test_the_page_exports_what_is_filtered(client: Client) -> None:
    for name, value in (('a.png', 128), ('b.png', 250), ('=c.png', 255)):
        client.send('/api/detect', [(name, png(value))])
    reply = client.get('/records.csv?decision=defect')
    assert reply.headers['Content-Type'] == 'text/csv; charset=utf-8'
    assert reply.headers['Content-Disposition'].startswith('attachment; filename="records_2')
    rows = read(reply.text)
    assert [row['name'] for row in rows] == ["'=c.png", 'b.png'] and {row['decision'] for row in rows} == {'defect'}
    assert float(rows[1]['score']) == pytest.approx(122 / 128) and rows[0]['fingerprint'] == '0123456789abcdef'
    assert client.get('/records.csv?min_score=x').status == 400
