"""What the tables promise."""
from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.core.management import call_command

from mminspect.decisions import Calibration
from mminspect.station.records.models import Model, Record, ThresholdChange
from station_site import CALIBRATION

pytestmark = pytest.mark.usefixtures('database')
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_no_change_of_the_models_is_without_its_migration() -> None:
    call_command('makemigrations', check=True, dry_run=True, verbosity=0, stdout=io.StringIO())


def test_newest_first_and_equal_times_have_an_order() -> None:
    for number in (2, 3, 1):
        Record.objects.create(id=UUID(int=number), created=NOON, suffix='.png')
    Record.objects.create(id=UUID(int=0), created=NOON + timedelta(seconds=1), suffix='.png')
    assert [record.id.int for record in Record.objects.all()] == [0, 3, 2, 1]


def test_of_thresholds_the_last_one_counts_whatever_the_clock_says() -> None:
    model = Model.objects.create(fingerprint='a', name='a', kind='anomaly', runtime='numpy')
    for value, created in ((1.0, NOON), (2.0, NOON - timedelta(days=1))):
        ThresholdChange.objects.create(model=model, value=value, created=created, origin='', rule='', by='mira')
    assert model.changes.first().value == 2.0


def test_milliseconds_are_the_sum_of_the_stages() -> None:
    assert Record(milliseconds=dict(decode=1.25, network=2.5)).ms == 3.8 and Record().ms is None


def test_a_calibration_comes_back_as_it_was() -> None:
    stored = Model.objects.create(fingerprint='a', name='a', kind='anomaly', runtime='numpy', calibration=CALIBRATION)
    stored.refresh_from_db()
    assert stored.read_calibration() == Calibration.from_state(CALIBRATION)
    assert stored.read_calibration().threshold.value == 0.5
    assert Model(calibration=None).read_calibration() is None
