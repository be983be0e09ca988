"""Real processes. One client serves most tests, because starting a process takes seconds."""
from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mminspect.decisions import Calibration, Threshold
from mminspect.station.worker import WorkerClient
from worker_helpers import BREAKING, DEADLY, DEADLY_ONCE, SLOW, Answers, factory, plain, wait_until

UPLOADS = 4


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('worker')


@pytest.fixture(scope='module')
def answers() -> Answers:
    return Answers()


@pytest.fixture(scope='module')
def client(folder: Path, answers: Answers) -> Iterator[WorkerClient]:
    client = answers.client(factory(folder), upload_size=UPLOADS)
    client.start()
    wait_until(lambda: client.health().ready)
    yield client
    client.close()
    assert not client.health().alive


def upload(folder: Path, level: int, name: str = 'part.png') -> Path:
    cv2.imwrite(str(folder / name), plain(level))
    return folder / name


def test_tells_about_the_model(client: WorkerClient, answers: Answers) -> None:
    info = answers.models[-1]
    assert {key: info[key] for key in ('name', 'kind', 'classes', 'fingerprint', 'runtime')} == dict(
        name='bright', kind='anomaly', classes=('defect', ), fingerprint='0123456789abcdef', runtime='pytorch')
    assert info['threshold']['value'] == 0.6 and Calibration.from_state(info['calibration']).fused.limit == 0.5
    assert client.failure is None


def test_uploads_and_frames_are_inspected(client: WorkerClient, answers: Answers, folder: Path) -> None:
    assert client.submit('good', upload(folder, 51), folder / 'good')
    assert client.submit('bad', plain(204), folder / 'bad', live=True)
    for name, score, is_defect in (('good', 0.2, False), ('bad', 0.8, True)):
        answer = answers.of(name)
        assert answer.result['score'] == pytest.approx(score) and answer.result['is_defect'] is is_defect
        assert answer.result['image'] == name and answer.error is None and not answer.crashed
        assert {path.name for path in (folder / name).iterdir()} == set(answer.files) == {
            'view.jpg', 'overlay.jpg', 'heat.png'}
    assert answers.of('bad').result['boxes'][0]['box'] == [0, 0, 50, 40]


def test_thresholds_of_one_job(client: WorkerClient, answers: Answers) -> None:
    given = Threshold(0.9, 'by hand', 0)
    for name, threshold, expected in (('t1', 0.9, False), ('t2', None, True), ('t3', given, False), ('t4', 0.1, True)):
        assert client.submit(name, plain(204), threshold=threshold)
        result = answers.of(name).result
        assert result['is_defect'] is expected
        assert result['threshold']['value'] == (0.6 if threshold is None else getattr(threshold, 'value', threshold))
    assert answers.of('t3').result['threshold']['origin'] == 'by hand' and answers.of('t4').files == ()


def test_what_cannot_be_inspected_is_answered(client: WorkerClient, answers: Answers, folder: Path) -> None:
    (folder / 'text.png').write_text('no picture')
    restarts = client.health().restarts
    client.submit('missing', folder / 'nothing.png')
    client.submit('text', folder / 'text.png', folder / 'text')
    client.submit('breaking', plain(BREAKING))
    client.submit('nan', plain(100), threshold=float('nan'))
    for name, words in (('missing', 'does not exist'), ('text', 'is not an image'), ('nan', 'finite number'),
                        ('breaking', 'cannot be inspected (RuntimeError: a defect of the program)')):
        answer = answers.of(name)
        assert answer.result is None and words in answer.error and '\n' not in answer.error and not answer.crashed
    client.submit('after', plain(102))
    assert answers.of('after').result['score'] == pytest.approx(0.4)
    assert client.health().restarts == restarts and not (folder / 'text').exists()


def test_uploads_wait_and_frames_give_way(client: WorkerClient, answers: Answers, folder: Path) -> None:
    wait_until(lambda: client.health().uploads_waiting == 0)
    before = client.health()
    client.submit('slow', plain(SLOW))
    wait_until(lambda: client.health().uploads_waiting == 0)
    assert [client.submit(f'u{k}', plain(51)) for k in range(UPLOADS + 2)] == [True] * UPLOADS + [False] * 2
    assert all(client.submit(f'f{k}', plain(51), live=True) for k in range(10))
    assert (client.health().uploads_waiting, client.health().live_waiting) == (UPLOADS, 1)
    assert client.dropped == client.health().dropped == before.dropped + 9
    (folder / 'go').touch()
    for k in range(UPLOADS):
        answers.of(f'u{k}')
    answers.of('f9')
    expected = ['slow', 'u0', 'u1', 'u2', 'u3']
    assert [name for name in answers.order if name in expected] == expected
    assert answers.order.index('f9') <= answers.order.index('u1')  # its turn comes
    assert not any(f'f{k}' in answers for k in range(9)) and 'u4' not in answers
    after = client.health()
    assert after.answered == before.answered + UPLOADS + 2 and after.milliseconds > 0


def test_a_job_that_kills_the_process_once_gets_its_result(client: WorkerClient, answers: Answers,
                                                           folder: Path) -> None:
    before, models = client.health(), len(answers.models)
    client.submit('once', plain(DEADLY_ONCE), folder / 'once')
    client.submit('next', plain(204))
    assert answers.of('once').result['score'] == pytest.approx(DEADLY_ONCE / 255)
    assert answers.of('next').result['score'] == pytest.approx(0.8)
    assert client.health().restarts == before.restarts + 1 and len(answers.models) == models + 1


def test_a_job_that_kills_it_twice_is_given_up(client: WorkerClient, answers: Answers) -> None:
    before = client.health()
    client.submit('deadly', plain(DEADLY))
    client.submit('survivor', plain(51))
    answer = answers.of('deadly')
    assert answer.crashed and answer.result is None and 'was killed again' in answer.error
    assert answers.of('survivor').result['score'] == pytest.approx(0.2)
    after = client.health()
    assert (after.restarts, after.failed) == (before.restarts + 2, before.failed + 1)


def test_an_idle_process_that_is_killed_is_replaced(client: WorkerClient, answers: Answers) -> None:
    restarts = client.health().restarts
    os.kill(client._handle._process.pid, signal.SIGKILL)
    wait_until(lambda: client.health().restarts == restarts + 1 and client.health().ready)
    client.submit('innocent', plain(204), live=True)
    assert answers.of('innocent').result['score'] == pytest.approx(0.8)


def test_a_consumer_that_breaks_stops_nothing(client: WorkerClient, answers: Answers,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(job_id: str, answer: object) -> None:
        raise RuntimeError('the disk is full')

    failed = client.health().answered
    monkeypatch.setattr(client, '_on_result', broken)
    client.submit('unheard', np.ascontiguousarray(plain(51)))
    wait_until(lambda: client.health().answered == failed + 1)
    monkeypatch.undo()
    client.submit('heard', plain(51))
    assert answers.of('heard').result is not None
