"""Cameras are played by a class in OpenCV's place: there is none where tests run."""
from __future__ import annotations

import threading
import time
from itertools import islice

import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.station.sources import camera, open_source


class Plug:
    """A camera that can be pulled out: ``states`` says for each opening how many frames it gives, 0: it is away."""

    def __init__(self, *states: int) -> None:
        self.states, self.opened, self.released, self.number = list(states), [], 0, 0

    def capture(self, address: int | str, *_: object) -> Plug.Capture:
        self.opened.append(address)
        return Plug.Capture(self, self.states.pop(0) if self.states else 0)

    class Capture:
        def __init__(self, plug: Plug, left: int) -> None:
            self.plug, self.left, self.there = plug, left, left > 0

        def isOpened(self) -> bool:
            return self.there

        def read(self) -> tuple[bool, np.ndarray | None]:
            time.sleep(0.001)
            if not self.left:
                return False, None
            self.left, self.plug.number = self.left - 1, self.plug.number + 1
            return True, np.full((2, 3, 3), (0, self.plug.number // 256, self.plug.number % 256), np.uint8)  # BGR

        def release(self) -> None:
            self.plug.released += 1


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    plug = Plug(5)
    monkeypatch.setattr(camera.cv2, 'VideoCapture', plug.capture)
    monkeypatch.setattr(camera, 'PAUSE', 0.05)
    return plug


def test_frames_are_rgb(plug: Plug) -> None:
    frames = list(islice(open_source('camera:0').frames(), 3))
    assert [frame.pixels[0, 0].tolist() for frame in frames] == [[1, 0, 0], [2, 0, 0], [3, 0, 0]]
    assert plug.opened == [0] and plug.released == 1


def test_a_lost_camera_comes_back(plug: Plug) -> None:
    plug.states = [2, 0, 0, 3]
    said: list[str] = []
    frames = list(islice(open_source('camera:3', report=said.append).frames(), 5))
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    assert plug.opened == [3] * 4 and plug.released == 4
    assert [bool(text) for text in said] == [False, True, False] and 'camera 3 gives no picture any more' in said[1]


def test_close_while_it_is_lost(plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, 'PAUSE', 100)
    plug.states = [1]
    source = open_source('camera:0')
    threading.Timer(0.2, source.close).start()
    start = time.monotonic()
    assert len(list(source.frames())) == 1 and time.monotonic() - start < 20


def test_frames_between_are_dropped_not_kept(plug: Plug) -> None:
    """At ten a second, of a camera that gives hundreds, each frame is a new one."""
    plug.states = [100_000]
    frames = list(islice(open_source('camera:0', rate=10).frames(), 4))
    numbers = [int(frame.pixels[0, 0, 0]) + 256 * int(frame.pixels[0, 0, 1]) for frame in frames]
    assert plug.number > 30 and min(np.diff(numbers)) >= 5
    assert frames[-1].time - frames[0].time >= 0.29


def test_no_camera_and_no_password_in_messages(plug: Plug) -> None:
    plug.states = [0]
    with pytest.raises(UserError, match='camera 7 does not answer'):
        open_source('camera:7')
    with pytest.raises(UserError, match=r'camera rtsp://10.0.0.5/live does not') as caught:
        open_source('camera:rtsp://admin:secret@10.0.0.5/live')
    assert 'the form camera:rtsp://HOST/PATH' in str(caught.value)
    assert 'secret' not in str(caught.value) and plug.opened[-1] == 'rtsp://admin:secret@10.0.0.5/live'
