"""Which frames the worker passed over."""
from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from uuid import uuid4

import numpy as np

from mminspect.station.line.frames import FRAMES, Frames


def camera() -> SimpleNamespace:
    return SimpleNamespace(results=Counter())


def frame(value: int) -> np.ndarray:
    return np.full((2, 2, 3), value, np.uint8)


def test_an_answer_says_that_earlier_frames_were_skipped() -> None:
    frames, north, south = Frames(), camera(), camera()
    ids = [frames.add(one, frame(value)) for value, one in enumerate((north, south, north, south))]
    taken, pixels = frames.take(ids[2])
    assert taken is north and pixels[0, 0, 0] == 2
    assert (north.results['skipped'], south.results['skipped']) == (1, 1)
    assert frames.take(ids[0]) is None  # they are forgotten
    assert frames.take(ids[3])[0] is south and south.results['skipped'] == 1


def test_what_is_no_frame_changes_nothing() -> None:
    frames, north = Frames(), camera()
    mine = frames.add(north, frame(0))
    assert frames.take(uuid4()) is None
    assert frames.take(mine) is not None and not north.results['skipped']


def test_memory_is_bounded_while_the_worker_says_nothing() -> None:
    frames, north = Frames(), camera()
    ids = [frames.add(north, frame(value)) for value in range(50)]
    assert north.results['skipped'] == 50 - FRAMES
    assert sum(frames.take(one) is not None for one in ids) == FRAMES
