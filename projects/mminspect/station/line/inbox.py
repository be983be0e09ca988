"""Uploads on their way to the worker and back. The database is the queue: nothing in memory can be lost."""
from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

from django.db import close_old_connections

from mminspect.station.records import store
from mminspect.station.records.models import WAITING, Record

logger = logging.getLogger(__name__)
#: Uploads that the worker has at a time.
UPLOADS_AT_WORKER = 4
#: Seconds after which the database is looked at again without a reason.
POLL_SECONDS = 2.0

#: Gives the worker an upload: (id, path); False if it has no room.
Submit = Callable[[UUID, str], bool]


class Inbox:
    """Hands waiting records to the worker, in order and a few at a time, also those of an earlier run.

    Args:
        submit: Gives the worker an upload.
        loop: Event loop of those who wait for results.
    """

    def __init__(self, submit: Submit, loop: asyncio.AbstractEventLoop) -> None:
        self._submit, self._loop = submit, loop
        self._lock, self._wake, self._end = threading.Lock(), threading.Event(), threading.Event()
        self._at_worker: set[UUID] = set()
        self._waiting: dict[UUID, set[asyncio.Future]] = defaultdict(set)
        self._thread = threading.Thread(target=self._run, name='inbox', daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what waits stays in the database."""
        self._end.set()
        self._wake.set()
        self._thread.join(5)

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def result_kept(self, record_id: UUID) -> None:
        """The record has its result in the database; from any thread."""
        with self._lock:
            self._at_worker.discard(record_id)
        self._wake.set()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._release_waiting, record_id)

    def result_lost(self, record_id: UUID) -> None:
        """Its result could not be kept: it is inspected again, but not at once, for the disk needs time."""
        with self._lock:
            self._at_worker.discard(record_id)

    async def result_of(self, record_id: UUID, seconds: float) -> None:
        """Wait until the record has its result, or for so long."""
        future = self._loop.create_future()
        self._waiting[record_id].add(future)
        try:
            if await Record.objects.filter(id=record_id, state=WAITING).aexists():
                await asyncio.wait([future], timeout=seconds)
        finally:
            self._waiting[record_id].discard(future)
            if not self._waiting[record_id]:
                del self._waiting[record_id]

    def _release_waiting(self, record_id: UUID) -> None:
        for future in self._waiting.get(record_id, ()):
            if not future.done():
                future.set_result(None)

    def _run(self) -> None:
        while not self._end.is_set():
            self._wake.clear()
            try:
                self._hand_out()
            except Exception:
                logger.exception('uploads cannot be handed to the worker; they are tried again')
            close_old_connections()
            self._wake.wait(POLL_SECONDS)

    def _hand_out(self) -> None:
        with self._lock:
            at_worker = set(self._at_worker)
        room = UPLOADS_AT_WORKER - len(at_worker)
        if room <= 0:
            return
        waiting = Record.objects.filter(state=WAITING).exclude(id__in=at_worker).order_by('created', 'id')
        for record in waiting[:room]:
            with self._lock:
                self._at_worker.add(record.id)  # before the answer can come
            if not self._submit(record.id, str(store.original(record.id, record.suffix))):
                with self._lock:
                    self._at_worker.discard(record.id)
                return
