"""Cameras in the network that refuse, say nothing, or fall silent: real sockets, and OpenCV's real way to them."""
from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.station.sources import camera, capture, open_source

pytestmark = pytest.mark.skipif(cv2.CAP_FFMPEG not in cv2.videoio_registry.getStreamBackends(),
                                reason='this OpenCV has no way into the network')
PART = b'--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n'
HEAD = b'HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n'
#: Seconds beyond the time-outs that a busy machine may take.
SLACK = 15


class Server:
    """Takes every connection and does with it what it is told: answer(connection, number of the connection)."""

    def __init__(self, answer: Callable[[socket.socket, int], None]) -> None:
        self.answer, self.taken, self._open = answer, 0, []
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.taken += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, self.taken), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            self.answer(connection, number)
        except OSError:
            pass  # it has hung up

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(answer: Callable[[socket.socket, int], None]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, 'PAUSE', 0.1)
    monkeypatch.setattr(camera, 'OPEN_SECONDS', 2.0)
    monkeypatch.setattr(camera, 'READ_SECONDS', 1.0)
    monkeypatch.setattr(capture, '_GRACE', 0.5)


def silent(connection: socket.socket, number: int) -> None:
    connection.recv(2**16)


def frames(connection: socket.socket, number: int, count: int) -> None:
    """As many pictures, whose grey value tells the number of the connection."""
    connection.recv(2**16)
    connection.sendall(HEAD)
    jpeg = cv2.imencode('.jpg', np.full((48, 64, 3), 40 * number, np.uint8))[1].tobytes()
    for _ in range(count):
        connection.sendall(PART % (len(jpeg), jpeg))
        time.sleep(0.01)


@pytest.mark.parametrize('scheme', ['rtsp', 'http'])
def test_one_that_says_nothing_is_given_up_within_seconds(serve: Callable, scheme: str) -> None:
    server, start = serve(silent), time.monotonic()
    with pytest.raises(UserError, match=rf'camera {scheme}://127.0.0.1:\d+/live does not answer.*: check .* has the '
                                        r'form camera:rtsp://HOST/PATH') as caught:
        open_source(f'camera:{scheme}://mira:se/cr@et@127.0.0.1:{server.port}/live')
    assert time.monotonic() - start < 2 + SLACK and 'et@' not in str(caught.value)


def test_one_that_refuses_is_said_so_at_once() -> None:
    with socket.create_server(('127.0.0.1', 0)) as free:
        port = free.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(UserError, match='does not answer: check that it is connected'):
        open_source(f'camera:rtsp://127.0.0.1:{port}/live')
    assert time.monotonic() - start < SLACK


def test_one_that_falls_silent_is_told_and_opened_again(serve: Callable) -> None:
    def answer(connection: socket.socket, number: int) -> None:
        frames(connection, number, 100)
        if number == 1:
            time.sleep(60)  # and the connection stays

    server, said, seen = serve(answer), [], []
    source = open_source(f'camera:http://127.0.0.1:{server.port}/live', report=said.append)
    start = time.monotonic()
    for frame in source.frames():
        seen.append(round(float(frame.pixels.mean()) / 40))
        if seen[-1] == 2:
            break
    source.close()
    assert set(seen) == {1, 2} and seen == sorted(seen) and time.monotonic() - start < 10 + SLACK
    assert [bool(text) for text in said] == [False, True, False] and 'gives no picture any more' in said[1]


class Hanging:
    """A way to a camera that takes no time-out: it comes back when it is let go."""

    def __init__(self, where: str) -> None:
        self.where, self.go, self.released = where, threading.Event(), threading.Event()

    def capture(self, *_: object) -> Hanging:
        if self.where == 'open':
            self.go.wait()
        return self

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.go.wait()
        return False, None

    def release(self) -> None:
        self.released.set()


@pytest.mark.parametrize('where', ['open', 'read'])
def test_opencv_may_hang_and_lets_go_of_the_camera_when_it_comes_back(
        where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, start = Hanging(where), time.monotonic()
    monkeypatch.setattr(capture.cv2, 'VideoCapture', hanging.capture)
    if where == 'open':
        with pytest.raises(UserError, match='camera 5 does not answer within 2 seconds'):
            open_source('camera:5')
    else:
        said: list[str] = []
        source = open_source('camera:5', report=lambda text: (said.append(text), source.close()))
        assert list(source.frames()) == [] and 'gives no picture any more' in said[0]
    assert time.monotonic() - start < 3 + SLACK and not hanging.released.is_set()
    hanging.go.set()
    assert hanging.released.wait(SLACK)


def test_close_does_not_wait_for_a_camera_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, 'READ_SECONDS', 100.0)
    hanging = Hanging('read')
    monkeypatch.setattr(capture.cv2, 'VideoCapture', hanging.capture)
    source = open_source('camera:5')
    threading.Timer(0.3, source.close).start()
    start = time.monotonic()
    assert list(source.frames()) == [] and time.monotonic() - start < SLACK
    hanging.go.set()
