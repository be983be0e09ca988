"""The load benchmark finds what it looks for, without a station."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import station_load
from mminspect.inspection import load_inspector


def record(number: int, client: int, level: int, **changed: Any) -> dict[str, Any]:
    fields = dict(id=str(number), name=f'load-{client}-{number}-{level}.png', state='done', score=level / 255)
    return {**fields, **changed}


def judge(records: list[dict[str, Any]], acknowledged: dict[str, str]) -> dict[str, int]:
    station, clients = SimpleNamespace(uploads=lambda: records), SimpleNamespace(acknowledged=acknowledged)
    return station_load.judge(station, clients)


RECORDS = [record(number, number % 3, 100 + 4 * (number % 4)) for number in range(12)]
ACKNOWLEDGED = {one['name']: one['id'] for one in RECORDS}
FINE = dict(lost=0, duplicated=0, without_result=0, wrong_score=0, different_scores=4)


def test_nothing_wrong() -> None:
    assert judge(RECORDS, ACKNOWLEDGED) == FINE
    unheard = record(99, 0, 100)  # kept, but killed before the answer
    assert judge([*RECORDS, unheard], ACKNOWLEDGED) == FINE


@pytest.mark.parametrize('records, acknowledged, wrong', [
    (RECORDS[1:], ACKNOWLEDGED, dict(lost=1)),
    ([dict(RECORDS[0], name=RECORDS[4]['name'] + '-100.png'), *RECORDS[1:]], ACKNOWLEDGED, dict(lost=1)),
    ([*RECORDS, dict(RECORDS[0], id='77')], ACKNOWLEDGED, dict(duplicated=1)),
    (RECORDS, {**ACKNOWLEDGED, RECORDS[0]['name']: '1'}, dict(lost=1, duplicated=1)),
    ([dict(RECORDS[0], state='waiting', score=None), *RECORDS[1:]], ACKNOWLEDGED, dict(without_result=1)),
    ([dict(RECORDS[0], score=0.9), *RECORDS[1:]], ACKNOWLEDGED, dict(wrong_score=1)),
], ids=['lost', 'another picture', 'twice', 'two answers, one record', 'waits', 'score of another picture'])
def test_each_mistake_is_counted(records: list[dict], acknowledged: dict[str, str], wrong: dict[str, int]) -> None:
    assert judge(records, acknowledged) == {**FINE, **wrong}


def test_memory() -> None:
    looks = [dict(seconds=k, server=100 + min(k, 3), worker=50 + k) for k in range(12)]
    assert station_load.summary(looks)['server'] == dict(start=100, warm=103, end=103, most=103, growth_when_warm=0)
    assert station_load.summary(looks)['worker']['growth_when_warm'] == 8


def test_the_model_scores_the_brightness(tmp_path: Path) -> None:
    inspector = load_inspector(station_load.write_model(tmp_path / 'model.onnx'))
    for level in (100, 224):
        result = inspector(station_load.draw(level))
        assert result.score == pytest.approx(level / 255, abs=0.005) and result.is_defect is (level > 0.7 * 255)
