"""Connections that come to nothing or ask too much, on a real server with the public options of uvicorn."""
from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from select import POLLHUP, poll
from socket import create_connection, socket

import pytest
from websockets.sync.client import connect

from mminspect.station import server
from station_site import Site, eventually, serving


def websocket(site: Site) -> socket:
    site.line.camera('watched')
    opened = create_connection(('127.0.0.1', site.port))
    opened.settimeout(5)
    opened.sendall(f'GET /ws/stream/watched HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nUpgrade: websocket\r\n'
                   'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                   'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n'
                   '\r\n'.encode())
    answer = b''
    while b'"hello"' not in answer:
        answer += opened.recv(2**16)
    assert answer.startswith(b'HTTP/1.1 101') and b'deflate' not in answer  # JPEG does not become smaller
    return opened


@pytest.fixture
def impatient(tables: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A station of its own: the options count when it starts."""
    monkeypatch.setattr(server, 'UNREAD_SECONDS', 1)
    monkeypatch.setattr(server, 'PING_SECONDS', 1)
    monkeypatch.setattr(server, 'connection_limit', lambda: 12)
    with serving(STATION_DATA=tmp_path) as site:
        eventually(lambda: site.worker.ready.is_set())
        yield site


def test_who_takes_no_pongs_is_dropped(impatient: Site) -> None:
    pings = (b'\x89\xfd\0\0\0\0' + bytes(125)) * 1000
    with websocket(impatient) as flood:
        flood.setblocking(False)
        watched, end = poll(), time.monotonic() + 30
        watched.register(flood, POLLHUP)
        while not watched.poll(0) and time.monotonic() < end:
            try:
                flood.send(pings)
            except OSError:  # it is full, or over
                pass
            time.sleep(0.05)
        assert time.monotonic() < end
    eventually(lambda: impatient.line.hub.viewer_count() == 0)
    assert impatient.client().get('/api/status').status == 200


def test_who_takes_pongs_may_ping_for_longer(impatient: Site) -> None:
    impatient.line.camera('watched')
    with connect(f'ws://127.0.0.1:{impatient.port}/ws/stream/watched') as viewer:
        end = time.monotonic() + 3.5
        while time.monotonic() < end:
            assert viewer.ping().wait(5)
            time.sleep(0.1)


def test_a_head_that_has_no_end_is_refused(site: Site) -> None:
    with create_connection(('127.0.0.1', site.port)) as endless:
        endless.settimeout(5)
        endless.sendall(f'GET / HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nX-Long: '.encode())
        answer = b''
        for _ in range(20):
            try:
                endless.sendall(bytes(b'x' * 2**10))
                time.sleep(0.01)
            except OSError:
                break
        answer = endless.recv(2**16)
        assert answer.startswith(b'HTTP/1.1 400')


@pytest.mark.parametrize(('frame', 'code'), [
    (b'\x82\x03abc', 1002), (b'\x83\x80\0\0\0\0', 1002), (b'\x8b\x80\0\0\0\0', 1002), (b'\xd2\x80\0\0\0\0', 1002),
    (b'\x80\x80\0\0\0\0', 1002), (b'\x09\x80\0\0\0\0', 1002), (b'\x89\xfe\0\xc8\0\0\0\0' + bytes(200), 1002),
    (b'\x88\x81\0\0\0\0a', 1002), (b'\x82\xff' + (2**40).to_bytes(8, 'big') + bytes(4), 1009),
    (b'\x82\xff' + (2**63).to_bytes(8, 'big') + bytes(4), 1009),
    ((b'\x02\xff' + (2**24).to_bytes(8, 'big') + bytes(4 + 2**24)) + 2 * (
        b'\x00\xff' + (2**24).to_bytes(8, 'big') + bytes(4 + 2**24)), 1009)],
    ids=['unmasked', 'reserved', 'reserved control', 'reserved bits', 'nothing to continue', 'ping in pieces',
         'long ping', 'short close', 'a tebibyte', 'negative length', 'pieces without an end'])
def test_malformed_frames_end_that_connection_with_a_reason(site: Site, frame: bytes, code: int) -> None:
    with websocket(site) as broken:
        try:
            broken.sendall(frame)
        except OSError:
            pass  # it was hung up on before the end
        answer = b''
        try:
            while piece := broken.recv(2**16):
                answer += piece
        except ConnectionError:
            pass
        assert code.to_bytes(2, 'big') == answer[answer.index(b'\x88') + 2:][:2]
    eventually(lambda: site.line.hub.viewer_count() == 0)


def test_requests_beyond_the_limit_are_told_so(impatient: Site) -> None:
    status = f'GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{impatient.port}\r\n\r\n'.encode()
    waiting = [create_connection(('127.0.0.1', impatient.port)) for _ in range(20)]
    for connection in waiting:
        connection.settimeout(5)
        connection.sendall(status)
    answers = [connection.recv(2**16) for connection in waiting]
    assert sum(b' 503 ' in answer for answer in answers) >= 8
    assert all(b' 503 ' in answer or b' 200 ' in answer for answer in answers)
    for connection in waiting:
        connection.close()
    eventually(lambda: impatient.client().get('/api/status').status == 200)


def test_the_limit_fits_into_the_files_that_the_system_allows() -> None:
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert 0 < server.connection_limit() <= allowed // 2
    code = ('import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 600)); '
            'from mminspect.station import server; '
            'print(server.connection_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['300', '600', '600']


def test_only_public_parts_of_the_web_server_are_used() -> None:
    """Its protocols change from version to version: nothing below the package itself is imported."""
    root = Path(server.__file__).parent
    named = [line for path in root.rglob('*.py') for line in path.read_text().splitlines() if 'uvicorn.' in line]
    assert not [line for line in named if line.lstrip().startswith(('import uvicorn.', 'from uvicorn.'))]
    config = server.configuration(object())
    assert (config.http, config.ws) == ('h11', 'auto')
