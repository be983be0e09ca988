"""A record as the API tells it."""
from __future__ import annotations

import json

import pytest

from mminspect.decisions import Threshold
from mminspect.station.records import decisions
from mminspect.station.records.description import addresses, describe
from mminspect.station.records.models import DONE, FAILED, Record
from station_site import INFO

pytestmark = pytest.mark.usefixtures('database')


@pytest.fixture
def record() -> Record:
    model = decisions.register_model(dict(INFO, threshold=Threshold(0.5, 'normal images', 49, 'max')))
    return Record.objects.create(suffix='.png', state=DONE, score=0.7, threshold=0.5, threshold_origin='then',
                                 model=model, milliseconds=dict(network=2.0), has_map=True)


def test_the_decision_is_of_now_and_the_old_threshold_stays(record: Record) -> None:
    assert describe(record, decisions.thresholds_in_force())['is_defect'] is True
    decisions.set_threshold(record.model, Threshold(0.8, 'set at the station', 0, 'given'), 'mira')
    told = describe(record, decisions.thresholds_in_force())
    assert (told['is_defect'], told['threshold'], told['threshold_then']) == (False, 0.8, 0.5)
    assert 'set at the station' in told['threshold_origin'] and told['threshold_then_origin'] == 'then'
    assert (told['model'], told['runtime'], told['fingerprint']) == ('difference', 'numpy', INFO['fingerprint'])
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_without_a_model_there_is_no_decision() -> None:
    told = describe(Record.objects.create(suffix='.png'), decisions.thresholds_in_force())
    assert told['state'] == 'waiting' and told['error'] == '' and told['threshold_origin'] == ''
    for key in ('score', 'is_defect', 'threshold', 'model', 'kind', 'fingerprint', 'runtime', 'ms', 'view_url'):
        assert told[key] is None, key


@pytest.mark.parametrize(('fields', 'known'), [
    (dict(state=DONE, has_map=True), {'view_url', 'overlay_url', 'map_url', 'thumb_url'}),
    (dict(state=DONE, has_map=False), {'view_url', 'overlay_url', 'thumb_url'}),
    (dict(state=FAILED), set()), ({}, set())])
def test_only_pictures_that_exist_have_an_address(fields: dict, known: set) -> None:
    found = addresses(Record(**fields))
    assert {key for key, value in found.items() if value} == {'url', 'original_url', *known}
