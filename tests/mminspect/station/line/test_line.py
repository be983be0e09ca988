"""The line alone, with a worker that says what the test wants."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2
import numpy as np
import pytest
from django.db import OperationalError

from mminspect.station.line import Line, results, running_line
from mminspect.station.line.line import CAMERAS
from mminspect.station.records.models import DONE, FAILED, WAITING, Record
from mminspect.station.replies import Refused
from mminspect.station.worker import Answer
from station_site import INFO, difference, eventually, picture

pytestmark = pytest.mark.usefixtures('database')


class Worker:
    """Nothing happens by itself."""

    def __init__(self, on_result: Any, on_ready: Any) -> None:
        self.on_result, self.on_ready, self.failure, self.jobs = on_result, on_ready, None, []

    def submit(self, job_id: str, *job: Any, **options: Any) -> bool:
        self.jobs.append(job_id)
        return True


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def alone(loop: asyncio.AbstractEventLoop) -> Line:
    return Line(Worker, {}, loop)


@pytest.mark.parametrize('name', ['a', 'press-2', '0_', 'a' * 32])
def test_names_of_cameras(alone: Line, name: str) -> None:
    assert alone.camera(name) is alone.camera(name) and list(alone.cameras) == [name]


@pytest.mark.parametrize('name', ['', '-a', 'A', 'a b', 'a/b', '..', 'a' * 33, 'ä', 'a\n', 'upload', 'camera'])
def test_other_names_are_refused(alone: Line, name: str) -> None:
    with pytest.raises(Refused, match='32 small letters') as caught:
        alone.camera(name)
    assert caught.value.status == 400 and not alone.cameras


def test_there_is_an_end_to_cameras(alone: Line) -> None:
    for number in range(CAMERAS):
        alone.camera(f'c{number}')
    with pytest.raises(Refused, match='cameras already') as caught:
        alone.camera('another')
    assert caught.value.status == 409 and alone.camera('c0').name == 'c0'


def test_the_state_in_one_word(alone: Line) -> None:
    assert alone.state().items() >= dict(state='loading', message='', model=None, cameras=[]).items()
    alone._worker.on_ready(INFO)
    assert alone.state().items() >= dict(state='running', model='difference', runtime='numpy').items()
    assert alone.threshold.value == 0.5
    alone._worker.failure = 'the model is gone'
    assert alone.state().items() >= dict(state='failed', message='the model is gone').items()
    assert alone.failure == 'the model is gone'


def test_files_of_sources_are_read_as_the_model_reads(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    """12 bits in 16 are not black in a folder that takes a camera's place."""
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((4, 4), 4095, np.uint16))
    line = Line(Worker, dict(live1=f'folder:{tmp_path}'), loop)
    line._worker.on_ready(dict(INFO, reading=dict(max_value=4095, orientation=True)))
    frames: list[np.ndarray] = []
    line.cameras['live1'].feed = frames.append
    feed, = line._feeds
    feed.start()
    try:
        eventually(lambda: frames)
    finally:
        feed.close()
    assert (frames[0] == 255).all()


def waiting() -> Record:
    return Record.objects.create(suffix='.png')


def test_the_state_names_cameras_that_are_lost(alone: Line) -> None:
    alone.camera('press')
    alone.camera('belt').set_problem('camera 0 does not answer')
    assert alone.state()['problems'] == dict(belt='camera 0 does not answer')
    alone.camera('belt').set_problem('')
    assert alone.state()['problems'] == {}


def test_a_result_that_cannot_be_kept_is_asked_for_again(alone: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    alone._worker.on_ready(INFO)
    record = waiting()
    alone.inbox._hand_out()

    def locked(*_: object) -> None:
        raise OperationalError('database is locked')

    with monkeypatch.context() as patch:
        patch.setattr(results, 'keep_result', locked)
        alone._worker.on_result(str(record.id), Answer(difference(picture(255))))
    assert Record.objects.get().state == WAITING
    alone.inbox._hand_out()
    assert alone._worker.jobs == 2 * [str(record.id)]
    alone._worker.on_result(str(record.id), Answer(difference(picture(255))))
    assert Record.objects.get().state == DONE


def test_on_a_full_disk_an_upload_goes_on_waiting(alone: Line) -> None:
    record = waiting()
    alone.inbox._hand_out()
    alone._worker.on_result(str(record.id), Answer(None, 'no space left on device', again=True))
    assert Record.objects.get().state == WAITING
    alone.inbox._hand_out()
    assert len(alone._worker.jobs) == 2
    alone._worker.on_result(str(record.id), Answer(None, 'the picture is unlucky'))
    assert Record.objects.get().state == FAILED


@pytest.mark.parametrize('words, traceback', [('database or disk is full', False), ('no such table: x', True)])
def test_a_full_disk_is_no_defect_of_the_program(words: str, traceback: bool, alone: Line,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """Its log holds a line for it, and a traceback for what nobody has foreseen."""
    said: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.getLogger('mminspect.station.line.line'), 'handle', said.append)

    def fail(*_: object) -> None:
        raise OperationalError(words)

    monkeypatch.setattr(results, 'keep_result', fail)
    alone._worker.on_ready(INFO)
    record = waiting()
    alone.inbox._hand_out()
    said.clear()
    alone._worker.on_result(str(record.id), Answer(difference(picture(255))))
    assert [bool(one.exc_info) for one in said] == [traceback] and 'cannot be kept' in said[0].getMessage()
    assert Record.objects.get().state == WAITING


def test_a_frame_that_cannot_be_kept_leaves_nothing(alone: Line, monkeypatch: pytest.MonkeyPatch, media: Any) -> None:
    alone._worker.on_ready(INFO)
    frame_id = alone._frames.add(alone.camera('a'), np.zeros((9, 9, 3), np.uint8))

    def locked(*_: object, **__: object) -> None:
        raise OperationalError('database is locked')

    monkeypatch.setattr(Record.objects, 'create', locked)
    alone._worker.on_result(str(frame_id), Answer(difference(picture())))
    assert not Record.objects.exists() and not list(media.glob('??/*'))
    assert alone.camera('a').results['inspected'] == 0


def test_pictures_of_a_frame_that_was_given_up_are_deleted(alone: Line, media: Any) -> None:
    folder = media / '00' / uuid4().hex
    folder = folder.with_name('00' + folder.name[2:])
    folder.mkdir(parents=True)
    alone._worker.on_ready(INFO)
    alone._worker.on_result(folder.name, Answer(difference(picture())))
    assert not folder.exists() and not Record.objects.exists()


@pytest.mark.parametrize('scope', [{}, dict(line=None)])
def test_without_a_line_there_are_words(scope: dict) -> None:
    with pytest.raises(Refused, match='starting or stopping') as caught:
        running_line(scope)
    assert caught.value.status == 503


def test_the_line_of_a_connection(alone: Line) -> None:
    assert running_line(dict(line=alone)) is alone
