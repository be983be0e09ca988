"""The data folder of a station of version 0.1.0 (see make_station_data.py) is used as it is by the present one."""
from __future__ import annotations

import csv
import io
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import helpers

pytest.importorskip('django', reason='the station is an extra: pip install .[web]')
pytest.importorskip('channels')

from station_model import write_model
from station_site import Client, eventually, png
from station_tool import Tool

OLD = Path(__file__).with_name('station_0_1')
PASSWORD = 'rosebud-17'


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(OLD, tmp_path_factory.mktemp('station') / 'data'))


@pytest.fixture(scope='module')
def port(data: Path) -> Iterator[int]:
    tool = Tool(data, '--model', write_model(data.parent / 'model.onnx'), '--port', '0', STATION_LOGIN='1')
    try:
        yield tool.port()
        tool.process.send_signal(signal.SIGINT)
        status, _, error = tool.end()
        assert status == 0 and 'Traceback' not in error
    finally:
        tool.process.kill()


@pytest.fixture(scope='module')
def operator(port: int) -> Client:
    """The user of that time, with the password of that time."""
    client = Client(port)
    client.get('/login')
    assert client.submit('/login', username='mira', password=PASSWORD, next='/records').status == 302
    client.get('/')
    return client


def records(client: Client) -> dict[str, dict]:
    return {record['name'] or record['camera']: record for record in client.get('/api/records').json['records']}


def test_records_scores_marks_and_pictures_are_there(operator: Client) -> None:
    found = records(operator)
    assert found.keys() == {'good part.png', 'dent.png', 'press'}
    scores = {name: record['score'] for name, record in found.items()}
    assert scores == pytest.approx({'good part.png': 2 / 128, 'dent.png': 92 / 128, 'press': 122 / 128}, abs=0.02)
    assert {name: record['is_defect'] for name, record in found.items()} == {
        'good part.png': False, 'dent.png': True, 'press': True}
    assert found['dent.png']['mark'] == 'defect' and not found['press']['mark']
    assert all(record['threshold_then'] == 0.5 and record['boxes'] for record in found.values() if record['is_defect'])
    for record in found.values():
        for key in ('view_url', 'overlay_url', 'map_url', 'thumb_url', 'original_url'):
            pixels = cv2.imdecode(np.frombuffer(operator.get(record[key]).body, np.uint8), cv2.IMREAD_COLOR)
            assert pixels.shape == (48, 64, 3), key
        assert operator.get(record['url']).status == 200
    assert 'good part.png' in operator.get('/records').text


def test_the_threshold_of_the_operator_is_in_force(operator: Client) -> None:
    shown = operator.get('/api/threshold').json
    assert shown['value'] == 0.6 and shown['by'] == 'operator' and shown['rate']['count'] == 49
    assert operator.get('/scores').status == 200 and len(operator.get('/api/scores').json['points']) >= 3


def test_the_table_for_spreadsheets(operator: Client) -> None:
    rows = {row['name'] or row['camera']: row for row in csv.DictReader(io.StringIO(operator.get('/records.csv').text))}
    assert rows['dent.png']['decision'] == 'defect' and rows['dent.png']['mark'] == 'defect'
    assert rows['good part.png']['decision'] == 'good' and float(rows['press']['threshold_then']) == 0.5


def test_new_records_join_the_old_ones(data: Path, port: int, operator: Client) -> None:
    machine = Client(port, token=(OLD / 'token').read_text())
    new = machine.send('/api/detect', [('new.png', png(255))]).json
    assert new['is_defect'] is True and new['threshold'] == 0.6
    assert eventually(lambda: records(operator).get('new.png'))['fingerprint'] == records(operator)['dent.png'][
        'fingerprint']
    assert (data / 'media' / new['id'][:2] / new['id'].replace('-', '') / 'original.png').is_file()


def test_the_tables_are_those_that_the_migrations_make(tmp_path: Path) -> None:
    """A model that changes without a migration, or another label of the app, would leave old databases behind."""
    code = ('import django; django.setup(); from django.core.management import call_command; '
            'from django.apps import apps; apps.get_app_config("records"); '
            'call_command("makemigrations", check=True, dry_run=True)')
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, env=dict(
        PYTHONPATH=str(helpers.ROOT / 'projects'), DJANGO_SETTINGS_MODULE='mminspect.station.settings',
        STATION_DATA=str(tmp_path)))
    assert done.returncode == 0 and 'No changes detected' in done.stdout, done.stdout + done.stderr
