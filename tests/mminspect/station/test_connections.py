"""Connections that come to nothing, on a real server."""
from __future__ import annotations

import resource
import subprocess
import sys
import time
from select import select
from socket import create_connection, socket

import pytest

from mminspect.station import connections
from mminspect.station.line import line
from station_site import Site, eventually

#: Seconds, in place of the 20.
HEAD = 0.5


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mminspect.station.connections.HEAD', HEAD)


def seconds_until_closed(connection: socket) -> float:
    start = time.monotonic()
    connection.settimeout(5)
    while connection.recv(2**16):
        pass
    return time.monotonic() - start


@pytest.mark.parametrize('begin', ['', 'G', 'GET / HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX-Slow: '])
def test_a_head_that_does_not_come_is_not_waited_for(site: Site, impatient: None, begin: str) -> None:
    with create_connection(('127.0.0.1', site.port)) as slow:
        slow.sendall(begin.format(site.port).encode())
        assert HEAD / 2 < seconds_until_closed(slow) < 4


def test_trickling_does_not_help(site: Site, impatient: None) -> None:
    with create_connection(('127.0.0.1', site.port)) as slow:
        start, closed = time.monotonic(), False
        while not closed and time.monotonic() - start < 4:
            try:
                slow.sendall(b'x')
                time.sleep(HEAD / 10)
            except OSError:
                closed = True
        assert closed


def test_the_second_head_of_a_connection_is_not_waited_for_either(site: Site, impatient: None) -> None:
    whole = f'GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n\r\n'.encode()
    with create_connection(('127.0.0.1', site.port)) as slow:
        slow.sendall(whole)
        assert b' 200 ' in slow.recv(2**16)
        slow.sendall(whole[:30])
        assert seconds_until_closed(slow) < 4


def test_an_answer_may_take_longer(site: Site, impatient: None) -> None:
    """The clock runs for the head alone: not for the body, not for the application, not for websockets."""
    head = f'POST /api/threshold HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nContent-Length: 2\r\n\r\n'.encode()
    with create_connection(('127.0.0.1', site.port)) as slow:
        slow.settimeout(5)
        slow.sendall(head)
        time.sleep(2 * HEAD)
        slow.sendall(b'{}')
        assert slow.recv(2**16).startswith(b'HTTP/1.1 403')  # no CSRF token
    with websocket(site) as viewer:
        time.sleep(2 * HEAD)
        viewer.sendall(b'\x89\x80\0\0\0\0')  # ping
        assert b'\x8a\x00' in viewer.recv(2**16)


def websocket(site: Site) -> socket:
    line.current().camera('watched')
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


def test_pongs_that_nobody_reads_are_not_collected(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mminspect.station.connections.UNREAD', 2**16)
    pings = (b'\x89\xfd\0\0\0\0' + bytes(125)) * 1000
    with websocket(site) as flood, pytest.raises(OSError):
        for _ in range(400):
            flood.sendall(pings)
    eventually(lambda: line.current().hub.count() == 0)
    assert site.client().get('/api/status').status == 200


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
    eventually(lambda: line.current().hub.count() == 0)


def test_connections_beyond_the_room_are_told_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    eventually(lambda: site.client().get('/api/status').status == 200)
    monkeypatch.setattr('mminspect.station.connections.room', lambda: 12)
    waiting = [create_connection(('127.0.0.1', site.port)) for _ in range(20)]
    eventually(lambda: len(select(waiting, [], [], 0)[0]) >= 8)
    told = [connection.recv(2**16) for connection in select(waiting, [], [], 0.2)[0]]  # the others may send
    assert len(told) < 20 and all(b' 429 ' in answer and b'too many connections' in answer for answer in told)
    for connection in waiting:
        connection.close()
    eventually(lambda: site.client().get('/api/status').status == 200)


def test_the_room_fits_into_the_files_that_the_system_allows() -> None:
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert 0 < connections.room() <= allowed // 2
    code = ('import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 600)); '
            'from mminspect.station import connections; '
            'print(connections.room(), *resource.getrlimit(resource.RLIMIT_NOFILE))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ['300', '600', '600']
