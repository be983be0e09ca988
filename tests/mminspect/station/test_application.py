"""The life of the server, and addresses of websockets."""
from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from mminspect.station import environment
from mminspect.station.application import Application, make_worker
from station_site import FakeWorker, eventually

pytestmark = pytest.mark.usefixtures('database')


async def life(application: Application, *more: dict[str, Any], scope: str = 'lifespan') -> list[dict[str, Any]]:
    """What it says while these things happen."""
    happens, said = asyncio.Queue(), []
    for message in more:
        happens.put_nowait(message)

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await asyncio.wait_for(application(dict(type=scope, path='/ws/nowhere', headers=[]), happens.get, send), 20)
    return said


STARTUP, SHUTDOWN = dict(type='lifespan.startup'), dict(type='lifespan.shutdown')


def test_the_line_runs_as_long_as_the_server(tmp_path: Path) -> None:
    workers = []

    def make(**callbacks: Any) -> FakeWorker:
        workers.append(FakeWorker(**callbacks))
        return workers[0]

    with override_settings(STATION_DATA=tmp_path):
        application = Application(make)
        said = asyncio.run(life(application, STARTUP, SHUTDOWN))
        environment.lock_folder(tmp_path)()  # the folder is free again
    assert [message['type'] for message in said] == ['lifespan.startup.complete', 'lifespan.shutdown.complete']
    eventually(lambda: not workers[0]._thread.is_alive())
    assert application.line is None


def test_a_start_that_fails_is_reported_with_its_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def make(**_: Any) -> FakeWorker:
        raise RuntimeError('no worker today')

    with override_settings(STATION_DATA=tmp_path):
        said = asyncio.run(life(Application(make), STARTUP))
        environment.lock_folder(tmp_path)()
    assert [message['type'] for message in said] == ['lifespan.startup.failed'] and 'cannot start' in said[0]['message']
    assert [record.exc_info[0] for record in caplog.records if record.levelname == 'ERROR'] == [RuntimeError]


def test_a_second_station_leaves_the_data_of_the_first_alone(tmp_path: Path, media: Path,
                                                             caplog: pytest.LogCaptureFixture) -> None:
    """What looks like the remains of a killed station may be an upload that the other one is just taking."""
    half = media / '00' / ('0' * 32)
    half.mkdir(parents=True)
    release = environment.lock_folder(tmp_path)
    with override_settings(STATION_DATA=tmp_path):
        said = asyncio.run(life(Application(FakeWorker), STARTUP))
    release()
    assert [message['type'] for message in said] == ['lifespan.startup.failed'] and half.exists()
    said = [record for record in caplog.records if 'another station runs with the data' in record.getMessage()]
    assert said and not said[0].exc_info


def test_a_websocket_at_another_address_is_refused() -> None:
    said = asyncio.run(life(Application(FakeWorker), dict(type='websocket.connect'),
                            dict(type='websocket.disconnect', code=1006), scope='websocket'))
    assert [message['type'] for message in said] == ['websocket.close']


def test_everything_that_was_chosen_gets_through() -> None:
    def ignore(*_: object) -> None:
        raise AssertionError('nothing is started')

    with override_settings(STATION_MODEL='/m/model.xml', STATION_CONFIG='/m/config.py', STATION_RUNTIME='openvino',
                           STATION_PRECISION='bf16', STATION_IMPORT=['my_method']):
        client = make_worker(on_result=ignore, on_ready=ignore)
    assert client._load.path == 'mminspect.inspection:load_inspector'
    assert client._load.arguments == dict(model='/m/model.xml', config='/m/config.py', runtime='openvino',
                                          precision='bf16', imports=('my_method',))


def test_what_was_not_chosen_is_left_to_the_loader() -> None:
    arguments = make_worker(on_result=print, on_ready=print)._load.arguments
    assert arguments['config'] is arguments['runtime'] is arguments['precision'] is None


def test_a_model_that_cannot_be_loaded_ends_the_server_or_nothing() -> None:
    ended: list[int] = []
    alone, served = Application(), Application()
    served.end = lambda: ended.append(1)
    client = served._make_client(on_result=print, on_ready=print)
    assert client._on_refused('the model is damaged') is True
    assert ended == [1] and served.refusal == 'the model is damaged'
    assert alone._make_client(on_result=print, on_ready=print)._on_refused('the model is damaged') is False
    assert alone.refusal is None
