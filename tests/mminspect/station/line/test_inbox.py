"""Waiting uploads: in order, a few at a time, each once, and again after a restart."""
from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from mminspect.station.line import inbox as module
from mminspect.station.line.inbox import UPLOADS_AT_WORKER, Inbox
from mminspect.station.records.models import DONE, Record
from station_site import eventually

pytestmark = pytest.mark.usefixtures('database')


class Worker:
    """Takes up to ``room`` uploads and remembers them."""

    def __init__(self, room: int = 100) -> None:
        self.room, self.taken = room, []

    def submit(self, record_id: UUID, path: str) -> bool:
        if len(self.taken) >= self.room:
            return False
        assert path.endswith(f'{record_id.hex}/original.png')
        self.taken.append(record_id)
        return True


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def waiting(count: int) -> list[UUID]:
    start = timezone.now()
    return [Record.objects.create(suffix='.png', created=start + timedelta(seconds=i)).id for i in range(count)]


def finish(inbox: Inbox, record_id: UUID) -> None:
    Record.objects.filter(id=record_id).update(state=DONE)
    inbox.result_kept(record_id)


def test_uploads_of_an_earlier_run_are_handed_out_in_order_a_few_at_a_time(loop: asyncio.AbstractEventLoop) -> None:
    ids, worker = waiting(10), Worker()
    inbox = Inbox(worker.submit, loop)
    inbox.start()
    eventually(lambda: len(worker.taken) == UPLOADS_AT_WORKER)
    inbox.wake()
    time.sleep(0.1)
    assert worker.taken == ids[:UPLOADS_AT_WORKER]
    for record_id in ids:
        eventually(lambda record_id=record_id: record_id in worker.taken)
        finish(inbox, record_id)
    inbox.close()
    assert worker.taken == ids


def test_a_full_worker_is_asked_again(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'POLL_SECONDS', 0.02)
    ids, worker = waiting(3), Worker(room=1)
    inbox = Inbox(worker.submit, loop)
    inbox.start()
    eventually(lambda: worker.taken == ids[:1])
    worker.room = 3
    eventually(lambda: worker.taken == ids)
    inbox.close()


def test_a_result_that_could_not_be_kept_is_made_again(loop: asyncio.AbstractEventLoop,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'POLL_SECONDS', 0.02)
    [record_id], worker = waiting(1), Worker()
    inbox = Inbox(worker.submit, loop)
    inbox.start()
    eventually(lambda: worker.taken == [record_id])
    inbox.result_lost(record_id)
    eventually(lambda: worker.taken == [record_id] * 2)
    inbox.close()


def test_a_broken_database_stops_nothing_for_good(loop: asyncio.AbstractEventLoop,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, 'POLL_SECONDS', 0.02)
    ids, worker, failures = waiting(1), Worker(), [OSError('disk I/O error')] * 3
    inbox, hand_out = Inbox(worker.submit, loop), Inbox._hand_out

    def sometimes(self: Inbox) -> None:
        if failures:
            raise failures.pop()
        hand_out(self)

    monkeypatch.setattr(Inbox, '_hand_out', sometimes)
    inbox.start()
    eventually(lambda: worker.taken == ids)
    inbox.close()


def test_who_waits_is_told_and_waits_no_longer_than_asked(loop: asyncio.AbstractEventLoop) -> None:
    [record_id], inbox = waiting(1), Inbox(Worker().submit, loop)

    def wait(seconds: float) -> float:
        start = time.monotonic()
        asyncio.run_coroutine_threadsafe(inbox.result_of(record_id, seconds), loop).result(5)
        return time.monotonic() - start

    assert 0.1 <= wait(0.1) < 2
    threading.Timer(0.1, finish, (inbox, record_id)).start()
    assert wait(5) < 3
    assert wait(5) < 3  # it is done already
    assert not inbox._waiting
