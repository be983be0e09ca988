"""One camera: shown to those who watch, sieved, offered."""
from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from mminspect.station.line import camera as module
from mminspect.station.line.camera import FRAME_SIDE, Camera, encode_frame
from mminspect.station.prescreen import Reason


class Sieve:
    """Refuses black frames."""

    def __init__(self) -> None:
        self.counters = dict(seen=0, accepted=0, dark=0)

    def accepts(self, pixels: np.ndarray) -> Reason | None:
        self.counters['seen'] += 1
        reason = None if pixels.any() else Reason.DARK
        self.counters['dark' if reason else 'accepted'] += 1
        return reason


class Hub:
    """Keeps what is published."""

    def __init__(self, watched: bool = True) -> None:
        self._watched, self.items = watched, []

    def is_watched(self, camera: str) -> bool:
        return self._watched

    def publish(self, camera: str, item: Any) -> None:
        self.items.append(item)


WHITE, BLACK = (np.full((30, 40, 3), value, np.uint8) for value in (255, 0))


def test_only_what_the_sieve_lets_through_is_offered() -> None:
    offered: list[np.ndarray] = []
    camera = Camera('a', Sieve(), lambda name, frame: offered.append(frame), Hub())
    assert [camera.feed(frame) for frame in (WHITE, BLACK, WHITE)] == [None, 'dark', None]
    assert len(offered) == 2 and all(frame is WHITE for frame in offered)
    assert camera.counters() == dict(prescreen=dict(seen=3, accepted=2, dark=1), results={})


def test_frames_are_shown_at_a_bounded_rate_and_not_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(module.time, 'monotonic', lambda: now)
    for watched, expected in ((True, 13), (False, 0)):
        hub = Hub(watched)
        camera = Camera('a', Sieve(), lambda *_: None, hub)
        for number in range(1000):
            now = 200 + number / 1000  # a thousand frames in a second
            camera.feed(BLACK)
        frames = [item for item in hub.items if isinstance(item, bytes)]
        assert expected - 2 <= len(frames) <= expected
        counted = [item for item in hub.items if isinstance(item, dict)]
        assert 1 <= len(counted) <= 3 and all(item['type'] == 'counters' for item in counted)


def test_a_problem_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    camera = Camera('a', Sieve(), lambda *_: None, hub)
    for sentence in ('', 'unplugged', 'unplugged', ''):
        camera.set_problem(sentence)
    assert [item['message'] for item in hub.items] == ['unplugged', '']
    assert [record.getMessage() for record in caplog.records] == ['camera a: unplugged', 'camera a: all is well again']


@pytest.mark.parametrize(('shape', 'expected'), [((30, 40), (30, 40)), ((2560, 1280), (1280, 640)),
                                                 ((1, 4000), (1, FRAME_SIDE))])
def test_shown_frames_keep_their_colours_and_sides(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    frame = np.zeros((*shape, 3), np.uint8)
    frame[..., 0] = 200  # red
    shown = cv2.imdecode(np.frombuffer(encode_frame(frame), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert shown.shape[:2] == expected
    np.testing.assert_allclose(shown.reshape(-1, 3).mean(0), (200, 0, 0), atol=4)
