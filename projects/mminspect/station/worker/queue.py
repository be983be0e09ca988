"""What waits for the worker: uploads, which are never dropped, and live frames, of which the newest count."""
from __future__ import annotations

import threading
from collections import deque

from .messages import Job


class JobQueue:
    """Both kinds of jobs in turn; used by many threads.

    Args:
        upload_size: Uploads that wait at most.
        live_size: Live frames that wait at most; a new one takes the place of the oldest.

    Attributes:
        dropped: Live frames that gave way.
    """

    def __init__(self, upload_size: int, live_size: int) -> None:
        self._upload_size, self.dropped = upload_size, 0
        self._uploads: deque[Job] = deque()
        self._live: deque[Job] = deque(maxlen=live_size)
        self._change, self._closed, self._live_next = threading.Condition(), False, False

    def put(self, job: Job) -> bool:
        """Add a job without waiting; False if it is an upload and there is no room, or the queue is closed."""
        with self._change:
            if self._closed or (not job.live and len(self._uploads) >= self._upload_size):
                return False
            if job.live:
                self.dropped += len(self._live) == self._live.maxlen
                self._live.append(job)
            else:
                self._uploads.append(job)
            self._change.notify()
            return True

    def take(self, seconds: float) -> Job | None:
        """Wait for a job, no longer than this; None: there is none, or the queue is closed.

        Where both kinds wait they take turns.
        """
        with self._change:
            self._change.wait_for(lambda: self._closed or self._uploads or self._live, seconds)
            if self._closed or not (self._uploads or self._live):
                return None
            live = bool(self._live) and (self._live_next or not self._uploads)
            self._live_next = not live
            return (self._live if live else self._uploads).popleft()

    def close(self) -> None:
        """Let everybody go who waits."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def lengths(self) -> tuple[int, int]:
        """Waiting uploads and live frames."""
        with self._change:
            return len(self._uploads), len(self._live)
