"""A running station with a model that needs no training, and a browser without eyes."""
from __future__ import annotations

import io
import json
import queue
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mminspect.station.worker import Answer
from mminspect.vision.images import encode_png, read_image

GREY = 128
LIMIT = 0.5
#: Scores of normal images that the model was calibrated on.
NORMAL = [0.01 * i for i in range(1, 50)]
THRESHOLD = dict(value=LIMIT, origin='hold-out normal images', count=len(NORMAL), rule='largest score')
CALIBRATION = dict(THRESHOLD, map=dict(low=0.0, limit=LIMIT), level_maps=[],
                   scores=dict(values=NORMAL, origin='hold-out normal images'))
INFO = dict(name='difference', kind='anomaly', classes=('defect', ), fingerprint='0123456789abcdef',
            runtime='numpy', calibration=CALIBRATION, threshold=THRESHOLD)


def picture(spot: int = GREY, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """(H, W, 3): grey, with a square of another value; its score is |spot - 128| / 128."""
    pixels = np.full((*size, 3), GREY, np.uint8)
    pixels[8:20, 10:30] = spot
    return pixels


def png(spot: int = GREY, **options: Any) -> bytes:
    """:func:`picture` as a file."""
    return encode_png(picture(spot, **options))


def difference(pixels: np.ndarray) -> dict[str, Any]:
    """What the model says, as :meth:`mminspect.inspection.result.InspectionResult.as_dict` does."""
    heat = np.abs(pixels.astype(np.float32).mean(axis=2) - GREY) / GREY
    score, boxes = float(heat.max()), []
    if score > LIMIT:
        rows, columns = np.nonzero(heat > LIMIT)
        boxes = [dict(box=[float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)],
                      score=score, label='defect')]
    return dict(image='', height=pixels.shape[0], width=pixels.shape[1], score=score, is_defect=score > LIMIT,
                threshold=THRESHOLD, boxes=boxes, model=INFO['name'], kind='anomaly',
                fingerprint=INFO['fingerprint'], runtime='numpy',
                milliseconds=dict(decode=1.5, preprocess=0.5, network=2.0, postprocess=1.0))


class FakeWorker:
    """The worker's client with a thread instead of a process.

    ``hold`` makes it wait before every picture; an error is the answer to a picture of value 13.
    """

    def __init__(self, on_result: Callable, on_ready: Callable, room: int = 2) -> None:
        self._on_result, self._on_ready, self.failure = on_result, on_ready, None
        self._jobs: queue.Queue = queue.Queue(room)
        self.free = threading.Event()
        self.free.set()
        self.ready, self.seen = threading.Event(), []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout: float = 10) -> None:
        self.free.set()
        self._jobs.put(None)
        self._thread.join(timeout)

    def submit(self, job_id: str, image: Any, folder: Path, live: bool = False, threshold: Any = None) -> bool:
        try:
            self._jobs.put_nowait((job_id, image, Path(folder)))
        except queue.Full:
            return live
        return True

    def _run(self) -> None:
        self._on_ready(INFO)
        self.ready.set()
        while (job := self._jobs.get()) is not None:
            self.free.wait()
            self.seen.append(job[0])
            self._on_result(job[0], self._inspect(*job[1:]))
            self._jobs.task_done()

    def is_idle(self) -> bool:
        """Whether every picture has been answered."""
        return not self._jobs.unfinished_tasks

    def _inspect(self, image: Any, folder: Path) -> Answer:
        pixels = image if isinstance(image, np.ndarray) else read_image(image)
        if pixels[0, 0, 0] == 13:
            return Answer(None, 'the picture is unlucky')
        folder.mkdir(parents=True, exist_ok=True)
        for name in ('view.jpg', 'overlay.jpg', 'heat.png'):
            cv2.imwrite(str(folder / name), pixels[..., ::-1])
        return Answer(difference(pixels))


class Reply:
    """Of the station."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """A client with cookies that finds the CSRF token in pages, as their scripts do."""

    def __init__(self, port: int, token: str | None = None, **headers: str) -> None:
        self.port, self.cookies, self.headers = port, SimpleCookie(), {**headers}
        self.csrf = ''
        if token:
            self.headers['Authorization'] = f'Bearer {token}'

    def get(self, path: str, **headers: str) -> Reply:
        return self.request('GET', path, headers=headers)

    def post(self, path: str, fields: Mapping[str, Any] | None = None, **headers: str) -> Reply:
        """A JSON object."""
        headers = {'Content-Type': 'application/json', **headers}
        return self.request('POST', path, json.dumps(fields or {}).encode(), headers)

    def submit(self, path: str, **fields: str) -> Reply:
        """A page's form."""
        return self.send(path, [], **fields, csrfmiddlewaretoken=self.csrf)

    def send(self, path: str, files: list[tuple[str, bytes]], **fields: str) -> Reply:
        """A multipart form."""
        kind, body = multipart([('image', name, data) for name, data in files], fields)
        return self.request('POST', path, body, {'Content-Type': kind})

    def request(self, method: str, path: str, body: bytes | None = None,
                headers: Mapping[str, str] | None = None) -> Reply:
        connection = HTTPConnection('127.0.0.1', self.port, timeout=20)
        cookie = '; '.join(f'{name}={morsel.value}' for name, morsel in self.cookies.items())
        sent = {**self.headers, **({'Cookie': cookie} if cookie else {}), **(headers or {})}
        if self.csrf and method != 'GET':
            sent.setdefault('X-CSRFToken', self.csrf)
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.headers, answer.read())
        connection.close()
        for line in answer.headers.get_all('Set-Cookie') or []:
            self.cookies.load(line)
        if found := re.search(rb'name="csrf-token" content="(\w+)"', reply.body):
            self.csrf = found[1].decode()
        return reply

    def wait_for(self, record_id: str) -> dict[str, Any]:
        """The record when it has its result."""
        return eventually(lambda: found if (found := self.get(f'/api/records/{record_id}').json
                                            )['state'] != 'waiting' else None)


def logged_in(site: Site, password: str = 'rosebud-17', **headers: str) -> Client:
    """A new user, mira, who has tried to log in with this password."""
    from django.contrib.auth.models import User
    User.objects.create_user('mira', password='rosebud-17')
    client = site.client(**headers)
    client.get('/login')
    client.submit('/login', username='mira', password=password, next='/records')
    return client


def multipart(files: list[tuple[str, str, bytes]], fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Content type and body."""
    edge, body = uuid.uuid4().hex, io.BytesIO()
    for key, value in fields.items():
        body.write(f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode())
    for key, name, data in files:
        body.write(f'--{edge}\r\nContent-Disposition: form-data; name="{key}"; filename="{name}"\r\n'
                   'Content-Type: application/octet-stream\r\n\r\n'.encode() + data + b'\r\n')
    body.write(f'--{edge}--\r\n'.encode())
    return f'multipart/form-data; boundary={edge}', body.getvalue()


def eventually(look: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := look():
            return value
        time.sleep(0.02)
    raise AssertionError('it did not happen')


class Site:
    """A station that serves in a thread of this process.

    Attributes:
        port: Port of 127.0.0.1 that it listens at.
        application: What serves.
        worker: The worker of its line.
    """

    def __init__(self, port: int) -> None:
        from mminspect.station.application import Application
        self.port = port
        self.worker: FakeWorker | None = None
        self.application = Application(self._make_worker)

    @property
    def line(self) -> Any:
        """The running line."""
        return self.application.line

    def _make_worker(self, **callbacks: Any) -> FakeWorker:
        self.worker = FakeWorker(**callbacks)
        return self.worker

    def client(self, **options: Any) -> Client:
        """A browser that has seen the first page."""
        client = Client(self.port, **options)
        if 'token' not in options:
            client.get('/')
        return client


@contextmanager
def serving(**settings: Any) -> Iterator[Site]:
    """A station with these settings and the fake worker."""
    import uvicorn
    from django.test import override_settings

    from mminspect.station.server import configuration, listen

    listener = listen('127.0.0.1', 0)
    with override_settings(**settings):
        site = Site(listener.getsockname()[1])
        server = uvicorn.Server(configuration(site.application))
        thread = threading.Thread(target=server.run, kwargs=dict(sockets=[listener]), daemon=True)
        thread.start()
        try:
            eventually(lambda: server.started or not thread.is_alive())
            yield site
        finally:
            server.should_exit = True
            thread.join(10)
            listener.close()
