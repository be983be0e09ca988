"""Thresholds belong to models; decisions follow the present one; the database and Python agree."""
from __future__ import annotations

import pytest

from mminspect.decisions import Threshold
from mminspect.station.records import decisions
from mminspect.station.records.models import DONE, FAILED, Model, Record
from station_site import INFO

pytestmark = pytest.mark.usefixtures('database')


def register(fingerprint: str = 'a', value: float | None = 0.5) -> Model:
    threshold = None if value is None else Threshold(value, 'hold-out normal images', 10, 'max')
    return decisions.register_model(dict(INFO, fingerprint=fingerprint, threshold=threshold))


def test_a_new_model_brings_its_threshold() -> None:
    register()
    limit = decisions.threshold_in_force('a')
    assert limit.threshold == Threshold(0.5, 'hold-out normal images', 10, 'max') and limit.by == 'model'
    assert decisions.threshold_in_force('b') is None


def test_an_operators_threshold_stays_over_a_restart_but_not_over_a_calibration() -> None:
    model = register()
    decisions.set_threshold(model, Threshold(0.7, 'set at the station', 0), 'mira')
    register()
    assert decisions.threshold_in_force('a').threshold.value == 0.7
    register(value=0.6)  # the file has been calibrated anew
    assert decisions.threshold_in_force('a').threshold.value == 0.6 and decisions.threshold_in_force('a').by == 'model'


def test_a_model_without_threshold_decides_nothing() -> None:
    model = register(value=None)
    Record.objects.create(suffix='.png', state=DONE, score=9, model=model)
    limits = decisions.thresholds_in_force()
    assert limits == {} and decisions.is_defect(Record.objects.get(), limits) is None
    assert not Record.objects.filter(decisions.defective(limits) | decisions.good(limits)).exists()


def test_each_record_is_decided_by_its_own_models_threshold_and_the_database_agrees() -> None:
    first, second, third = register('a', 0.5), register('b', 3.0), register('c', None)
    for model in (first, second, third):
        for score in (0.2, 0.5, 0.6, 3.0, 3.1):
            Record.objects.create(suffix='.png', state=DONE, score=score, model=model)
    Record.objects.create(suffix='.png')
    Record.objects.create(suffix='.png', state=FAILED, error='x')
    limits = decisions.thresholds_in_force()
    wanted = {record.id: decisions.is_defect(record, limits) for record in Record.objects.all()}
    expected = {'a': lambda score: score > 0.5, 'b': lambda score: score > 3.0, 'c': lambda score: None}
    for record in Record.objects.filter(state=DONE):
        assert wanted[record.id] == expected[record.model_id](record.score)

    def chosen(condition: object) -> set:
        return set(Record.objects.filter(condition).values_list('id', flat=True))

    assert chosen(decisions.defective(limits)) == {key for key, value in wanted.items() if value is True}
    assert chosen(decisions.good(limits)) == {key for key, value in wanted.items() if value is False}
