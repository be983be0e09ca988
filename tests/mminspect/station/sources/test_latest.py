from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from mminspect.core.errors import UserError
from mminspect.station.sources import Frame, Source, latest_frames
from mminspect.station.sources.latest import LatestFrame


def frame(number: int) -> Frame:
    return Frame(np.zeros((1, 1, 3), np.uint8), 0.0, number)


class Numbers(Source):
    """``count`` pictures, then perhaps an error."""

    def __init__(self, count: int, rate: float | None = None, error: Exception | None = None) -> None:
        super().__init__(rate, None)
        self.count, self.error, self.finished = count, error, threading.Event()

    def pictures(self) -> Iterator[NDArray[np.uint8]]:
        try:
            for number in range(self.count):
                yield np.full((1, 1, 3), number, np.uint8)
            if self.error is not None:
                raise self.error
        finally:
            self.finished.set()


def test_the_newest_frame_replaces_the_one_that_waits() -> None:
    slot = LatestFrame()
    for number in range(5):
        slot.put(frame(number))
    assert slot.take().number == 4
    threading.Timer(0.1, slot.put, [frame(5)]).start()
    assert slot.take().number == 5  # waits
    threading.Timer(0.1, slot.end).start()
    assert slot.take() is None and slot.take() is None


def test_the_last_frame_comes_before_the_error() -> None:
    slot = LatestFrame()
    slot.put(frame(1))
    slot.end(UserError('broken'))
    assert slot.take().number == 1
    with pytest.raises(UserError, match='broken'):
        slot.take()


def test_a_slow_consumer_sees_new_frames() -> None:
    source, seen = Numbers(10**9, rate=100), []
    for newest in latest_frames(source):
        seen.append(newest.number)
        time.sleep(0.1)
        if len(seen) == 5:
            break
    assert seen[0] <= 2 and seen[-1] >= 20  # one by one it would be the fifth
    assert source.finished.wait(5)  # leaving the loop ends the source


def test_a_fast_consumer_sees_every_frame() -> None:
    assert [newest.number for newest in latest_frames(Numbers(10, rate=50))] == list(range(10))


def test_errors_reach_the_consumer() -> None:
    with pytest.raises(UserError, match='no more film'):
        list(latest_frames(Numbers(3, error=UserError('no more film'))))


def test_close_ends_the_iteration() -> None:
    source = Numbers(10**9, rate=20)
    threading.Timer(0.3, source.close).start()
    assert 2 <= len(list(latest_frames(source))) <= 8 and source.finished.wait(5)
