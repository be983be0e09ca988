from __future__ import annotations

import threading
import time

import numpy as np

from mminspect.station.worker.messages import Job
from mminspect.station.worker.queue import JobQueue

PIXELS = np.zeros((2, 2, 3), np.uint8)


def job(name: str) -> Job:
    return Job(name, PIXELS, None, name.startswith('live'), None)


def names(queue: JobQueue) -> list[str]:
    taken = []
    while (one := queue.take(0)) is not None:
        taken.append(one.id)
    return taken


def test_uploads_keep_their_order_and_are_never_dropped() -> None:
    queue = JobQueue(3, 1)
    assert [queue.put(job(f'{k}')) for k in range(5)] == [True] * 3 + [False] * 2
    assert queue.lengths() == (3, 0) and queue.dropped == 0
    assert names(queue) == ['0', '1', '2'] and queue.put(job('5'))


def test_live_frames_drop_the_oldest() -> None:
    queue = JobQueue(3, 2)
    assert all(queue.put(job(f'live{k}')) for k in range(6))
    assert queue.lengths() == (0, 2) and queue.dropped == 4
    assert names(queue) == ['live4', 'live5']


def test_both_kinds_take_turns() -> None:
    queue = JobQueue(9, 9)
    for k in range(4):
        queue.put(job(f'{k}'))
    for k in range(3):
        queue.put(job(f'live{k}'))
    assert names(queue) == ['0', 'live0', '1', 'live1', '2', 'live2', '3']


def test_a_flood_of_one_kind_does_not_stop_the_other() -> None:
    queue, taken = JobQueue(9, 1), []
    queue.put(job('a'))
    for k in range(8):
        queue.put(job(f'live{k}'))
        if k == 4:
            queue.put(job('b'))
        taken.append(queue.take(0).id)
    assert taken.index('a') <= 1 and taken.index('b') <= 6 and sum(name.startswith('live') for name in taken) >= 5


def test_take_waits_for_a_job_or_the_end() -> None:
    queue = JobQueue(1, 1)
    threading.Timer(0.1, queue.put, [job('late')]).start()
    assert queue.take(60).id == 'late'
    start = time.monotonic()
    assert queue.take(0.1) is None and 0.09 < time.monotonic() - start < 30
    threading.Timer(0.1, queue.close).start()
    assert queue.take(60) is None and time.monotonic() - start < 30
    assert not queue.put(job('after')) and not queue.put(job('live'))
