"""How `station_0_1` was made: the data folder of a station of version 0.1.0, the last one whose package was `station`.

The version is commit 19bc489. In its checkout, with its requirements installed::

    PYTHONPATH=projects:tests python THIS_FILE OUT

It starts that version's tools/station.py with the model of its tests, uploads two pictures, sends a frame, marks one
record, moves the threshold and adds a user; then it ends the station and makes the database small: SQLite's pages are
512 bytes in place of 4096, nothing else is changed. The present version is not imported.
"""
from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from station_model import write_model
from station_site import Client, eventually, png

USER, PASSWORD = 'mira', 'rosebud-17'


def fill(port: int, token: str) -> None:
    """What an operator and a camera's machine do."""
    machine, browser = Client(port, token=token), Client(port)
    eventually(lambda: is_running(browser), 60)
    browser.get('/')
    for name, spot in (('good part.png', 130), ('dent.png', 220)):
        record = browser.wait_for(browser.send('/api/detect', [(name, png(spot))]).json['id'])
    assert browser.post(f'/api/records/{record["id"]}/mark', dict(mark='defect')).status == 200
    assert machine.request('POST', '/api/ingest/press', png(250)).status == 202
    eventually(lambda: browser.get('/api/records').json['count'] == 3)
    for record in browser.get('/api/records').json['records']:
        assert browser.get(record['thumb_url']).status == 200  # made when it is first asked for
    assert browser.post('/api/threshold', dict(value=0.6)).status == 200


def is_running(browser: Client) -> bool:
    try:
        return browser.get('/api/status').json['state'] == 'running'
    except ConnectionError:
        return False  # it does not listen yet


def shrink(database: Path) -> None:
    """Pages of 512 bytes, and no second file beside it."""
    with sqlite3.connect(database) as connection:
        connection.execute('PRAGMA journal_mode=DELETE')
        connection.execute('PRAGMA page_size=512')
        connection.execute('VACUUM')
    connection.close()


def main(out: Path) -> None:
    model = write_model(out.parent / 'difference.onnx')
    tool = [sys.executable, '-W', 'ignore', 'tools/station.py', '--data', str(out)]
    subprocess.run([*tool, '--add-user', USER], check=True, env={**os.environ, 'STATION_PASSWORD': PASSWORD})
    with subprocess.Popen([*tool, '--model', str(model), '--port', '0'], text=True, stdout=subprocess.PIPE) as station:
        try:
            port = int(re.search(r'http://localhost:(\d+)/', station.stdout.readline())[1])
            fill(port, (out / 'token').read_text())
        finally:
            station.send_signal(signal.SIGINT)
    shrink(out / 'station.sqlite3')
    shutil.rmtree(out / 'tmp')
    (out / 'lock').unlink()
    model.unlink()


if __name__ == '__main__':
    main(Path(sys.argv[1]).absolute())
