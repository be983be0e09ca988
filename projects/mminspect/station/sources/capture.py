"""OpenCV's way to a camera, with an end to every wait."""
from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .addresses import is_url

#: Seconds that OpenCV has beyond its own time-out before its thread is given up, and between two looks at the end.
_GRACE, _LOOK = 1.0, 0.2


class NoAnswerError(Exception):
    """A call took too long; the thread that still waits in it is given up."""


class Capture:
    """One camera.

    OpenCV is asked to give up by itself, which only some of its ways to a camera do, and none of them while a name is
    looked up. So every call is made in a thread of its own, which is given up a little later: it lives until OpenCV
    comes back, and then closes what it has opened.

    Args:
        address: The camera's number, its device or its URL.
        open_seconds: Longest time to open it.
        read_seconds: Longest time for one frame.
        closed: Nobody waits any more once it is set.
    """

    def __init__(self, address: int | str, open_seconds: float, read_seconds: float, closed: threading.Event) -> None:
        self._address, self._open_seconds, self._read_seconds = address, open_seconds, read_seconds
        self._closed, self._hangs, self._capture = closed, False, None
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], queue.SimpleQueue] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name='capture', daemon=True)
        self._thread.start()

    def open(self) -> bool:
        """Whether it can be opened; raises NoAnswerError."""
        return bool(self._call(self._open, self._open_seconds))

    def read(self) -> NDArray[np.uint8] | None:
        """The next frame, (H, W, 3), blue-green-red, or None: it is lost; raises NoAnswerError."""
        return self._call(self._read, self._read_seconds)

    def close(self) -> None:
        """Let the camera go; returns when it is free, unless a call hangs."""
        self._calls.put(None)
        if not self._hangs:
            self._thread.join(self._read_seconds)

    def _call(self, function: Callable[[], Any], seconds: float) -> Any:
        answer: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((function, answer))
        end = time.monotonic() + seconds + _GRACE
        while time.monotonic() < end and not self._closed.is_set():
            try:
                return answer.get(timeout=_LOOK)
            except queue.Empty:
                pass
        self._hangs = True
        raise NoAnswerError(f'no answer within {seconds:g} seconds')

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            function, answer = call
            try:
                answer.put(function())
            except cv2.error:
                answer.put(None)
        if self._capture is not None:
            self._capture.release()

    def _open(self) -> bool:
        cv2.setLogLevel(0)  # what is wrong is said once in a sentence, not with every attempt
        if isinstance(self._address, str) and is_url(self._address) \
                and cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends():
            times = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(1000 * self._open_seconds),
                     cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(1000 * self._read_seconds)]
            self._capture = cv2.VideoCapture(self._address, cv2.CAP_FFMPEG, times)
        else:
            self._capture = cv2.VideoCapture(self._address)
        return self._capture.isOpened()

    def _read(self) -> NDArray[np.uint8] | None:
        taken, pixels = self._capture.read()
        return pixels if taken else None
