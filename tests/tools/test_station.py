"""tools/station.py as a user starts it, kills it and starts it again, with a real model in a real worker process."""
from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('django', reason='the station is an extra: pip install .[web]')
pytest.importorskip('channels')

from mminspect.vision.images import encode_png
from station_model import write_model
from station_site import Client, eventually, png
from station_tool import Tool


@pytest.fixture(scope='module')
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp('model') / 'tiny.onnx')


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    tools: list[Tool] = []

    def start(*arguments: Any, **environment: str) -> Tool:
        tools.append(Tool(tmp_path / 'data', *arguments, **environment))
        return tools[-1]

    yield start
    for tool in tools:
        tool.process.kill()
        tool.process.communicate()


def children(pid: int) -> list[int]:
    """Of a process, as far as they live."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != 'Z':
            found.append(int(stat.parent.name))
    return found


def test_acknowledged_uploads_survive_a_kill_and_ctrl_c_ends_everything(run: Any, model: Path, tmp_path: Path) -> None:
    first = run('--model', model, '--port', '0')
    client = Client(first.port())
    client.get('/')
    sent = [client.send('/api/detect?wait=0', [(f'{i}.png', png(130 + i))]).json for i in range(12)]
    offspring = children(first.process.pid)
    first.process.kill()  # SIGKILL
    first.process.wait()
    eventually(lambda: not any(Path(f'/proc/{pid}').exists() for pid in offspring), 20)
    folder = tmp_path / 'data/media/00' / ('0' * 32)
    folder.mkdir(parents=True)  # an upload that was killed before it was acknowledged

    second = run('--model', model, '--port', '0')
    client = Client(second.port())
    client.get('/')
    found = [client.wait_for(record['id']) for record in sent]
    assert [record['state'] for record in found] == ['done'] * 12
    assert [record['score'] for record in found] == pytest.approx([(2 + i) / 128 for i in range(12)], abs=1e-4)
    assert client.get('/api/records').json['count'] == 12 and not folder.exists()
    overlay = client.get(found[0]['overlay_url'])
    assert overlay.status == 200 and overlay.headers['Content-Type'] == 'image/jpeg'
    offspring = children(second.process.pid)
    assert offspring
    second.process.send_signal(signal.SIGINT)
    status, out, error = second.end()
    assert status == 0 and 'ended' in out and 'Traceback' not in error
    eventually(lambda: not any(Path(f'/proc/{pid}').exists() for pid in offspring))


def test_a_folder_has_one_station(run: Any, model: Path) -> None:
    first = run('--model', model, '--port', '0')
    first.port()
    status, out, error = run('--model', model, '--port', '0').end()
    assert status == 2 and 'another station runs' in error and error.count('\n') == 1 and not out
    assert first.process.poll() is None


def test_nothing_is_written_outside_the_data_folder(run: Any, model: Path, tmp_path: Path) -> None:
    home = tmp_path / 'home'
    home.mkdir()
    client = Client(run('--model', model, '--port', '0', HOME=str(home), TMPDIR=str(home)).port())
    client.get('/')
    for name in ('../../a.png', '/a.png', f'{home}/a.png'):
        record = client.send('/api/detect', [(name, png(255))]).json
        assert record['is_defect'] is True and client.get(record['thumb_url']).status == 200
    assert not [str(path) for path in home.rglob('*') if path.is_file()]
    assert {path.name for path in tmp_path.iterdir()} == {'data', 'home'}


def test_the_runtime_is_chosen_and_tiles_are_those_of_the_calibration(run: Any, tmp_path: Path) -> None:
    """A spot of 16 pixels in a picture of 512 is seen by tiles of 64, and hardly where the whole picture becomes 64."""
    pytest.importorskip('openvino')
    pixels = np.full((512, 512, 3), 128, np.uint8)
    pixels[200:204, 100:104] = 255
    model = write_model(tmp_path / 'tiled.onnx', tile=64)
    client = Client(run('--model', model, '--port', '0', '--runtime', 'openvino', '--precision', 'f32').port())
    client.get('/')
    record = client.send('/api/detect', [('a.png', encode_png(pixels))]).json
    assert record['runtime'] == 'openvino' and record['score'] == pytest.approx(127 / 128, abs=0.01)


@pytest.mark.parametrize('damage', ['garbage', 'half', 'empty', 'precision', 'checkpoint'])
def test_a_model_that_cannot_be_loaded_ends_the_start(run: Any, model: Path, tmp_path: Path, damage: str) -> None:
    path, more = tmp_path / ('model.pth' if damage == 'checkpoint' else 'model.onnx'), ()
    whole = model.read_bytes()
    path.write_bytes(dict(half=whole[:len(whole) // 2], empty=b'', precision=whole).get(damage, b'no model' * 99))
    if damage == 'precision':  # one that the runtime does not have
        more = ('--runtime', 'onnxruntime', '--precision', 'bf16')
    status, out, error = run('--model', path, '--port', '0', *more).end()
    assert status == 2 and error.startswith('error: ') and error.count('\n') == 1, error
    assert 'Traceback' not in error and 'station:' not in out


def test_a_model_that_is_lost_later_is_said_in_the_terminal_and_waited_for(
        run: Any, model: Path, tmp_path: Path) -> None:
    path = tmp_path / 'model.onnx'
    path.write_bytes(model.read_bytes())
    tool = run('--model', path, '--port', '0')
    client = Client(tool.port())
    assert client.get('/api/status').json['state'] == 'running'  # its address is said when it is
    path.write_bytes(b'half a mod')
    for pid in children(tool.process.pid):
        if b'multiprocessing.spawn' in Path(f'/proc/{pid}/cmdline').read_bytes():
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: client.get('/api/status').json['state'] == 'failed', 30)
    sentence = client.get('/api/status').json['message']
    path.write_bytes(model.read_bytes())
    eventually(lambda: client.get('/api/status').json['state'] == 'running', 60)
    tool.process.send_signal(signal.SIGINT)
    status, _, error = tool.end()
    assert status == 0 and f'the model does not run: {sentence}' in error and 'Traceback' not in error


def test_what_is_secret_is_for_this_user_alone_in_any_folder(run: Any, model: Path, tmp_path: Path) -> None:
    """In one that everybody may write to, of a user whose new files everybody may."""
    data = tmp_path / 'data'
    data.mkdir()
    data.chmod(0o777)
    before = os.umask(0)
    try:
        client = Client(run('--model', model, '--port', '0').port())
    finally:
        os.umask(before)
    client.get('/')
    assert client.send('/api/detect', [('a.png', png())]).status == 200
    modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir() if path.is_file()}
    assert set(modes) == {'station.sqlite3', 'station.sqlite3-wal', 'station.sqlite3-shm', 'token', 'secret_key',
                          'lock'}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(('arguments', 'sentence'), [
    ((), 'the station needs a model'),
    (('--model', 'missing.onnx'), 'does not exist'),
    (('--model', __file__, '--source', 'folder:missing'), 'folder missing does not exist'),
    (('--model', __file__, '--source', 'tape:1'), 'no source of frames'),
    (('--model', __file__, '--host', '192.0.2.7'), 'needs a user'),
    (('--model', __file__, '--port', '70000'), 'cannot listen'),
    (('--model', __file__, '--data', __file__), 'is a file: name a folder instead'),
    (('--model', __file__, '--data', f'{__file__}/below'), 'is a file: name a folder instead'),
    (('--model', __file__, '--data', '/proc/none'), "'/proc' takes no file"),
    (('--data', __file__, '--add-user', 'mira'), 'is a file: name a folder instead'),
    (('--model', __file__, '--source', 'rtsp://mira:secret@10.0.0.5/live'), 'camera:rtsp://HOST/PATH')])
def test_mistakes_are_one_sentence(arguments: tuple, sentence: str, tmp_path: Path) -> None:
    start = time.monotonic()
    tool = Tool(tmp_path / 'data', *arguments)
    status, out, error = tool.end()
    assert status == 2 and error.startswith('error: ') and error.count('\n') == 1 and sentence in error, error
    assert 'station:' not in out and time.monotonic() - start < 30


def test_users_are_made_with_a_password_worth_the_name(run: Any) -> None:
    status, _, error = run('--add-user', 'mira', STATION_PASSWORD='12345').end()
    assert status == 2 and 'password' in error and error.count('\n') == 1
    assert run('--add-user', 'mira', STATION_PASSWORD='a-long-one-17').end()[:2] == (0, 'user mira can log in\n')
