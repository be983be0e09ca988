"""Answers become rows, once."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import pytest
from django.test import override_settings
from django.utils import timezone

from mminspect.decisions import Threshold
from mminspect.station.line import results
from mminspect.station.records import decisions, store
from mminspect.station.records.models import CAMERA, DONE, FAILED, WAITING, Model, Record
from station_site import INFO, difference, picture

pytestmark = pytest.mark.usefixtures('database')


@pytest.fixture
def model() -> Model:
    return decisions.register_model(dict(INFO, threshold=Threshold(0.5, 'normal images', 49, 'max')))


def test_a_result_fills_in_its_record_once(model: Model) -> None:
    record = Record.objects.create(suffix='.png')
    done = results.keep_result(record.id, difference(picture(255)))
    assert (done.state, done.score, done.threshold) == (DONE, pytest.approx(127 / 128), 0.5)
    assert done.threshold_origin == '0.5 (normal images: max, 49 images)' and done.model == model
    assert (done.width, done.height) == (64, 48) and done.ms == 5.0 and not done.has_map
    assert results.keep_result(record.id, difference(picture(128))) is None
    assert Record.objects.get().score == done.score


def test_a_failure_never_replaces_a_result(model: Model) -> None:
    record = Record.objects.create(suffix='.png')
    results.keep_failure(record.id, 'x' * 900)
    failed = Record.objects.get()
    assert failed.state == FAILED and len(failed.error) == 500
    done = Record.objects.create(suffix='.png')
    results.keep_result(done.id, difference(picture()))
    results.keep_failure(done.id, 'late')
    assert Record.objects.get(id=done.id).state == DONE


def test_the_map_is_known_by_its_file(model: Model) -> None:
    record = Record.objects.create(suffix='.png')
    store.make_folder(record.id)
    (store.folder(record.id) / store.HEAT).write_bytes(b'')
    assert results.keep_result(record.id, difference(picture())).has_map


def test_frames_are_kept_with_their_pixels(model: Model) -> None:
    record = results.keep_frame(uuid4(), 'live1', picture(255), difference(picture(255)))
    assert (record.source, record.camera, record.state) == (CAMERA, 'live1', DONE)
    stored = cv2.imread(str(store.original(record.id, '.jpg')))
    assert np.abs(stored[..., ::-1].astype(int) - picture(255)).mean() < 3


def test_old_frames_make_room_but_not_uploads_or_marked_ones(model: Model, media: Path) -> None:
    upload = Record.objects.create(suffix='.png', source='upload')
    with override_settings(STATION_LIVE_RECORDS=3):
        frames = [results.keep_frame(uuid4(), 'live1', picture(), difference(picture())) for _ in range(2)]
        Record.objects.filter(id=frames[0].id).update(mark='good')
        frames += [results.keep_frame(uuid4(), 'live1', picture(), difference(picture())) for _ in range(5)]
    kept = {upload.id, frames[0].id, *(frame.id for frame in frames[-3:])}
    assert set(Record.objects.values_list('id', flat=True)) == kept
    assert {path.name for path in media.glob('??/*')} == {record_id.hex for record_id in kept - {upload.id}}
    assert Record.objects.get(id=upload.id).state == WAITING


def test_new_frames_stay_when_the_clock_is_set_back(model: Model) -> None:
    def keep(count: int) -> list:
        return [results.keep_frame(uuid4(), 'live1', picture(), difference(picture())).id for _ in range(count)]

    with override_settings(STATION_LIVE_RECORDS=3):
        keep(3)
        Record.objects.update(created=timezone.now() + timedelta(hours=1))
        new = keep(2)
        assert set(Record.objects.values_list('id', flat=True)) > set(new) and Record.objects.count() == 3
        new += keep(2)
    assert set(Record.objects.values_list('id', flat=True)) == set(new[1:])
