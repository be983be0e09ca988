"""Websockets: frames and messages to viewers, frames from machines, nonsense from anybody."""
from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from django.test import override_settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from station_site import Client, Site, eventually, picture, png

BEARER = dict(Authorization='Bearer token-of-the-tests')


@pytest.fixture
def sender(site: Site) -> Iterator[ClientConnection]:
    """A camera's machine."""
    site.line.cameras.clear()
    with connect(f'ws://127.0.0.1:{site.port}/ws/ingest/press-2', additional_headers=BEARER) as opened:
        yield opened


@pytest.fixture
def viewer(site: Site, sender: ClientConnection) -> Iterator[ClientConnection]:
    with connect(f'ws://127.0.0.1:{site.port}/ws/stream/press-2') as opened:
        yield opened


def noisy(seed: int, spot: int = 128) -> bytes:
    """A sharp picture that differs from the others."""
    pixels = picture(spot, (240, 320))
    pixels[100:] = np.random.default_rng(seed).integers(100, 156, (140, 320, 1))
    return cv2.imencode('.png', pixels)[1].tobytes()


def ask(sender: ClientConnection, message: str | bytes) -> dict[str, Any]:
    sender.send(message)
    return json.loads(sender.recv(10))


def received(viewer: ClientConnection, kind: str) -> Any:
    """The next binary message, or the next of this type."""
    while True:
        message = viewer.recv(10)
        if isinstance(message, bytes):
            if kind == 'frame':
                return message
        elif (known := json.loads(message))['type'] == kind:
            return known


def test_a_frame_is_shown_inspected_and_kept(site: Site, sender: ClientConnection, viewer: ClientConnection) -> None:
    assert received(viewer, 'hello')['camera'] == 'press-2'
    assert ask(sender, noisy(0, 255)) == dict(accepted=True, reason=None)
    frame = received(viewer, 'frame')
    assert frame[:2] == b'\xff\xd8' and cv2.imdecode(np.frombuffer(frame, np.uint8), 1).shape == (240, 320, 3)
    found = received(viewer, 'detection')
    assert found['is_defect'] is True and found['camera'] == 'press-2' and found['source'] == 'camera'
    assert found['boxes'] and found['score'] == pytest.approx(127 / 128)
    client = site.client()
    assert client.get(f'/api/records/{found["id"]}').json['score'] == found['score']
    assert client.get('/api/records?source=press-2').json['count'] == 1
    for key in ('overlay_url', 'original_url'):
        assert client.get(found[key]).headers['Content-Type'] == 'image/jpeg'


def test_the_sieve_keeps_frames_from_the_model_and_counts(site: Site, sender: ClientConnection,
                                                          viewer: ClientConnection) -> None:
    assert ask(sender, noisy(1))['accepted']
    assert ask(sender, noisy(1)) == dict(accepted=False, reason='duplicate')
    assert ask(sender, cv2.imencode('.png', np.zeros((240, 320, 3), np.uint8))[1].tobytes())['reason'] == 'dark'
    counters = eventually(lambda: found if (found := received(viewer, 'counters'))['results'].get('inspected')
                          else None)
    assert counters['prescreen']['seen'] >= 1 and counters['results']['good'] == 1
    camera = site.line.cameras['press-2']
    assert camera.counters()['prescreen'].items() >= dict(seen=3, accepted=1, duplicate=1, dark=1).items()


def test_a_watched_camera_drops_old_frames_not_new_ones(site: Site, sender: ClientConnection,
                                                        viewer: ClientConnection) -> None:
    """While the worker is busy with one frame, the next ones replace each other; uploads wait."""
    client = site.client()
    site.worker.free.clear()
    for seed in range(10):
        assert ask(sender, noisy(seed))['accepted']
    upload = client.send('/api/detect?wait=0', [('a.png', png(255))]).json
    site.worker.free.set()
    assert client.wait_for(upload['id'])['is_defect'] is True
    eventually(site.worker.is_idle)
    assert client.get('/api/records?source=camera').json['count'] < 10


@pytest.mark.parametrize('message', ['hello', '{}', '', '\x00'])
def test_texts_are_answered_in_words(sender: ClientConnection, message: str) -> None:
    answer = ask(sender, message)
    assert answer['status'] == 400 and 'binary' in answer['error']
    assert ask(sender, noisy(2))['accepted'] in (True, False)  # and the connection goes on


@pytest.mark.parametrize('message', [b'', b'x', b'\xff\xd8\xff', noisy(3)[:200], b'GIF89a' + bytes(100)])
def test_bad_frames_are_answered_in_words(sender: ClientConnection, message: bytes) -> None:
    answer = ask(sender, message)
    assert 400 <= answer['status'] < 500 and answer['error']
    assert ask(sender, noisy(4))['accepted'] in (True, False)


def test_a_broken_protocol_ends_that_connection_alone(site: Site, sender: ClientConnection) -> None:
    with connect(f'ws://127.0.0.1:{site.port}/ws/stream/press-2') as broken:
        broken.socket.sendall(b'\xff\xff\xff\xff garbage')
        with pytest.raises(ConnectionClosed):
            while True:
                broken.recv(5)
    with connect(f'ws://127.0.0.1:{site.port}/ws/ingest/press-2', additional_headers=BEARER) as large:
        with pytest.raises(ConnectionClosed):
            large.send(bytes(33 * 2**20))
            large.recv(10)
    assert ask(sender, noisy(5))['accepted'] in (True, False)


def test_viewers_may_say_nothing(viewer: ClientConnection) -> None:
    viewer.send('subscribe')
    assert 'no messages' in received(viewer, 'error')['message']
    with pytest.raises(ConnectionClosed):
        while True:
            viewer.recv(5)


def test_a_viewer_that_does_not_read_slows_nobody(site: Site, sender: ClientConnection) -> None:
    raw = socket.create_connection(('127.0.0.1', site.port))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.sendall(f'GET /ws/stream/press-2 HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nUpgrade: websocket\r\nConnection: '
                'Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'.encode())
    eventually(site.line.hub.viewer_count)
    for seed in range(30):
        assert 'accepted' in ask(sender, noisy(seed))
    raw.close()
    eventually(lambda: site.line.hub.viewer_count() == 0)


@pytest.mark.parametrize('path', ['/ws/stream/nobody', '/ws/stream/', '/ws/other', '/', '/api/records'])
def test_other_addresses_are_refused(site: Site, path: str) -> None:
    with pytest.raises(InvalidStatus, match='403'), connect(f'ws://127.0.0.1:{site.port}{path}'):
        pass


@pytest.mark.parametrize('name', ['UPPER', 'a' * 33, '..', 'a%20b', 'upload', 'camera'])
def test_unfit_names_of_cameras_are_refused(site: Site, name: str) -> None:
    with pytest.raises(InvalidStatus, match='403'), \
            connect(f'ws://127.0.0.1:{site.port}/ws/ingest/{name}', additional_headers=BEARER):
        pass
    machine = Client(site.port, token='token-of-the-tests')
    assert machine.send(f'/api/ingest/{name}', [('a.png', noisy(6))]).status in (400, 404)


def test_there_is_an_end_to_new_cameras(site: Site) -> None:
    machine, running = Client(site.port, token='token-of-the-tests'), site.line
    running.cameras.clear()
    statuses = [machine.send(f'/api/ingest/c{number}', [('a.png', noisy(7))]).status for number in range(18)]
    assert statuses == [202] * 16 + [409] * 2
    eventually(site.worker.is_idle)
    running.cameras.clear()


def test_old_camera_records_make_room_and_marked_ones_stay(site: Site, sender: ClientConnection) -> None:
    with override_settings(STATION_LIVE_RECORDS=2):
        client, ids = site.client(), []
        for seed in range(6):
            before = client.get('/api/records').json['count']
            ask(sender, noisy(seed))
            eventually(site.worker.is_idle)
            ids.append(client.get('/api/records').json['records'][0]['id'])
            if seed == 0:
                client.post(f'/api/records/{ids[0]}/mark', dict(mark='good'))
            assert before <= 4
        kept = {record['id'] for record in client.get('/api/records').json['records']}
        assert kept == {ids[0], *ids[-2:]}
        assert client.get(f'/media/{ids[1]}/view').status == 404 and client.get(f'/media/{ids[0]}/view').status == 200
