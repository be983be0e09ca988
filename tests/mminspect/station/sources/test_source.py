from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mminspect.station.sources import Source


class Endless(Source):
    """Pictures that hold their number."""

    closed_pictures = False

    def pictures(self) -> Iterator[NDArray[np.uint8]]:
        try:
            for number in range(10**9):
                yield np.full((2, 2, 3), number % 256, np.uint8)
        finally:
            self.closed_pictures = True


def test_the_rate_is_kept() -> None:
    source, start = Endless(50, None), time.time()
    frames = [frame for frame, _ in zip(source.frames(), range(11), strict=False)]
    assert 0.19 < time.time() - start
    assert [frame.number for frame in frames] == list(range(11))
    assert [int(frame.pixels[0, 0, 0]) for frame in frames] == list(range(11))
    times = [frame.time for frame in frames]
    assert times == sorted(times) and start <= times[0] and times[-1] - times[0] >= 0.19


def test_a_slow_consumer_is_not_flooded_afterwards() -> None:
    frames = Endless(20, None).frames()
    next(frames)
    time.sleep(0.3)  # six frames are overdue
    next(frames)
    start = time.time()
    next(frames), next(frames)
    assert time.time() - start > 0.08


def test_close_from_another_thread_ends_a_wait() -> None:
    source = Endless(0.01, None)
    threading.Timer(0.1, source.close).start()
    start = time.time()
    assert len(list(source.frames())) == 1
    assert time.time() - start < 10 and source.closed_pictures


def test_all_is_well_is_said_once() -> None:
    said: list[str] = []
    frames = Endless(None, said.append).frames()
    next(frames), next(frames)
    assert said == ['']
