"""A station in processes of its own, and clients that upload to it: what station_load.py is made of."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from common import ROOT, memory_of

TOKEN = 'token-of-the-load-benchmark'
#: Seconds for a start with an empty page cache.
PATIENCE = 180


class Station:
    """tools/station.py with a model, a data folder and a source of live frames; use as a context.

    Attributes:
        port: Where it listens.
        seconds: That it took until the model was loaded.
    """

    def __init__(self, data: Path, model: Path, source: str) -> None:
        begin = time.perf_counter()
        command = [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / 'station.py'), '--model', str(model), '--data',
                   str(data), '--source', source, '--port', '0']
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True,
                                         env={**os.environ, 'STATION_TOKEN': TOKEN})
        line = self._process.stdout.readline()
        if not line.startswith('station: http://localhost:'):
            raise RuntimeError(f'the station does not start: {line}')
        self.port = int(line.split(':')[3].split('/')[0])
        self.wait(lambda: self.get('/api/status')['state'] == 'running')
        self.seconds = time.perf_counter() - begin

    def __enter__(self) -> Station:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """SIGKILL for the server and all its processes, at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def get(self, path: str) -> dict[str, Any]:
        """What the station answers there."""
        return _request(self.port, 'GET', path)[1]

    def wait(self, condition: Callable[[], bool]) -> None:
        """Ask again and again, also while nobody answers."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except (OSError, HTTPException):
                pass  # not there yet
            time.sleep(0.2)
        raise RuntimeError('the station does not get ready')

    def finish(self) -> float:
        """Wait until no upload waits for the model any more; returns the seconds."""
        begin = time.perf_counter()
        self.wait(lambda: not self.get('/api/status')['waiting'])
        return time.perf_counter() - begin

    def uploads(self) -> list[dict[str, Any]]:
        """All records of uploads."""
        records, page, pages = [], 1, 1
        while page <= pages:
            answer = self.get(f'/api/records?source=upload&per_page=500&page={page}')
            records, pages, page = records + answer['records'], answer['pages'], page + 1
        return records

    def memory(self) -> dict[str, float]:
        """Resident MiB of the server and of its worker (Linux)."""
        worker = next((pid for pid in _children(self._process.pid) if b'spawn_main' in _read(pid, 'cmdline')), None)
        processes = (('server', self._process.pid), ('worker', worker))
        return {name: memory_of(pid) / 2**20 for name, pid in processes if pid}


class Clients:
    """Threads that upload one picture after the other, each under a name of its own.

    Args:
        port: Of the station.
        pictures: Files by name; sent in turn.
        count: Clients at a time.
        wait: Seconds that the station may wait for the model before it answers.

    Attributes:
        acknowledged: Ids of records that were answered, by the name of the upload.
        seconds: Times of these answers.
        refused: Number of other answers by status; those are sent again.
    """

    def __init__(self, port: int, pictures: Mapping[str, bytes], count: int, wait: float, tag: str) -> None:
        self._port, self._pictures, self._wait, self._tag = port, list(pictures.items()), wait, tag
        self._end, self._lock = threading.Event(), threading.Lock()
        self.acknowledged: dict[str, str] = {}
        self.seconds: list[float] = []
        self.refused: Counter[int] = Counter()
        self._threads = [threading.Thread(target=self._run, args=(client, count), daemon=True)
                         for client in range(count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish its upload."""
        self._end.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _run(self, client: int, step: int) -> None:
        turn = client
        while not self._end.is_set():
            picture, data = self._pictures[turn % len(self._pictures)]
            name, begin = f'{self._tag}-{client}-{turn}-{picture}', time.perf_counter()
            try:
                status, answer = upload(self._port, name, data, self._wait)
            except (OSError, HTTPException, ValueError):
                self._end.wait(0.2)  # the station is gone
                continue
            with self._lock:
                if status in (200, 202):
                    self.acknowledged[name] = answer['id']
                    self.seconds.append(time.perf_counter() - begin)
                    turn += step
                else:
                    self.refused[status] += 1
            if status not in (200, 202):
                self._end.wait(0.5)


class Viewer:
    """A browser that watches the first camera."""

    def __init__(self, station: Station) -> None:
        self.frames, self.messages = 0, Counter()
        camera = station.get('/api/status')['cameras'][0]
        self._socket = connect(f'ws://localhost:{station.port}/ws/stream/{camera}', max_size=2**24)
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._socket.close()
        self._thread.join(PATIENCE)

    def _watch(self) -> None:
        try:
            for message in self._socket:
                if isinstance(message, bytes):
                    self.frames += 1
                else:
                    self.messages[json.loads(message)['type']] += 1
        except WebSocketException:
            pass  # the station is gone


def upload(port: int, name: str, data: bytes, wait: float) -> tuple[int, dict[str, Any]]:
    """Status and answer of one picture."""
    boundary = uuid.uuid4().hex
    head = (f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
            'Content-Type: application/octet-stream\r\n\r\n')
    return _request(port, 'POST', f'/api/detect?wait={wait}', head.encode() + data + f'\r\n--{boundary}--\r\n'.encode(),
                    {'Content-Type': f'multipart/form-data; boundary={boundary}'})


def _request(port: int, method: str, path: str, body: bytes | None = None,
             headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection('localhost', port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, {'Authorization': f'Bearer {TOKEN}', **(headers or {})})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def _children(pid: int) -> Sequence[int]:
    found = []
    for task in Path(f'/proc/{pid}/task').iterdir():
        with suppress(OSError):  # the thread has just ended
            found += map(int, (task / 'children').read_text().split())
    return found


def _read(pid: int, name: str) -> bytes:
    return Path(f'/proc/{pid}/{name}').read_bytes()
