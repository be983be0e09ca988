"""Beginnings and ends of the client and its process."""
from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers import ROOT
from mminspect.station.worker import WorkerClient
from worker_helpers import PATIENCE, SLOW, Answers, factory, plain, wait_until

SERVER = """
import sys, time
from pathlib import Path
from worker_helpers import SLOW, Answers, factory, plain
if __name__ == '__main__':
    answers = Answers()
    client = answers.client(factory(Path(sys.argv[1])))
    client.start()
    client.submit('a', plain(51))
    answers.of('a')
    client.submit('b', plain(SLOW))
    print(client._handle._process.pid, flush=True)
    time.sleep(100)
"""


def test_a_model_that_appears_later(tmp_path: Path) -> None:
    answers = Answers()
    client = answers.client(factory(tmp_path, needs='model'))
    client.start()
    try:
        assert client.submit('early', plain(51))
        wait_until(lambda: client.failure is not None)
        assert client.failure == 'model model does not exist: check the path' and not client.health().ready
        assert client.health().uploads_waiting == 1 and 'early' not in answers
        (tmp_path / 'model').touch()
        assert answers.of('early').result is not None and client.failure is None
        client.submit('slow', plain(SLOW))
        client.submit('waiting', plain(51))
        wait_until(lambda: client.health().uploads_waiting == 1)
        start = time.monotonic()
        client.close(timeout=0.5)
        assert time.monotonic() - start < 20 and not client.health().alive
        assert 'slow' not in answers and 'waiting' not in answers  # their records still wait
        assert not client.submit('after', plain(51))
    finally:
        client.close()


def test_a_model_that_does_not_load_is_said_once_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mminspect.station.worker.client._FIRST_PAUSE', 0.01)
    client = Answers().client(factory(tmp_path, needs='model'))
    client.start()
    wait_until(lambda: client.health().restarts >= 2)
    client.close()
    said = [record for record in caplog.records if 'model model does not exist' in record.getMessage()]
    assert len(said) == 1 and said[0].levelno == logging.ERROR


def test_who_is_told_that_the_model_cannot_be_loaded_may_give_up(
        tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said: list[str] = []
    client = Answers().client(factory(tmp_path, needs='model'), on_refused=lambda sentence: not said.append(sentence))
    client.start()
    client._thread.join(PATIENCE)
    assert said == ['model model does not exist: check the path'] == [client.failure] and client.health().restarts == 0
    assert not client.health().alive and not caplog.records  # the sentence is the caller's to say


def test_a_model_that_has_run_before_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may just be copied."""
    monkeypatch.setattr('mminspect.station.worker.client._FIRST_PAUSE', 0.01)
    said: list[str] = []
    (tmp_path / 'model').touch()
    client = Answers().client(factory(tmp_path, needs='model'), on_refused=lambda sentence: not said.append(sentence))
    client.start()
    wait_until(lambda: client.health().ready)
    (tmp_path / 'model').unlink()
    os.kill(client._handle._process.pid, signal.SIGKILL)
    wait_until(lambda: client.failure is not None)
    (tmp_path / 'model').touch()
    wait_until(lambda: client.health().ready)
    client.close()
    assert not said


def test_a_model_that_cannot_be_registered_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the station would say for good that it is loading, and could keep no result."""
    monkeypatch.setattr('mminspect.station.worker.client._FIRST_PAUSE', 0.01)
    answers, attempts = Answers(), []

    def ready(info: dict) -> None:
        attempts.append(info['name'])
        if len(attempts) == 1:
            raise OSError('database is locked')

    client = WorkerClient(factory(tmp_path), answers.take, ready)
    client.start()
    client.submit('a', plain(51))
    wait_until(lambda: client.failure is not None)
    assert 'database is locked' in client.failure and 'a' not in answers
    assert answers.of('a').result is not None and client.failure is None and attempts == ['bright', 'bright']
    client.close()


def test_close_while_loading(tmp_path: Path) -> None:
    client = Answers().client(factory(tmp_path))
    client.start()
    wait_until(lambda: client.health().alive)
    start = time.monotonic()
    client.close()
    assert time.monotonic() - start < 5 and not client.health().alive


def test_the_worker_of_a_killed_server_ends(tmp_path: Path) -> None:
    """Even in the middle of a job: the station that starts next shall have the machine for itself."""
    script = tmp_path / 'server.py'
    script.write_text(SERVER)
    paths = os.pathsep.join([str(ROOT / 'projects'), str(ROOT / 'tests')])
    with subprocess.Popen([sys.executable, '-W', 'ignore', script, tmp_path], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, 'PYTHONPATH': paths}) as server:
        try:
            worker = int(server.stdout.readline())
            os.kill(worker, 0)
        finally:
            server.send_signal(signal.SIGKILL)
    wait_until(lambda: not Path(f'/proc/{worker}').exists() or 'Z' in Path(f'/proc/{worker}/stat').read_text().split(),
               PATIENCE)
