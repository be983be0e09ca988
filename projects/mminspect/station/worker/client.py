"""The server's side of the worker: jobs in, answers out, and a process that is there again when it dies."""
from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mminspect.decisions import Threshold

from .handle import WorkerDiedError, WorkerHandle
from .messages import Answer, Health, Job, NotLoaded
from .queue import JobQueue

logger = logging.getLogger(__name__)
#: Seconds before a model that could not be loaded is tried again: the first time, and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
#: Processes that an upload may bring down.
_MOST_DEATHS = 2
#: Seconds after which an idle process is looked at.
_IDLE_CHECK_SECONDS = 1.0


class WorkerClient:
    """One worker process and the jobs that wait for it.

    An upload that was accepted is answered, whatever happens to the process: if that dies, the upload is done once more
    by a new one, and answered with an error if that dies too. Live frames give way to newer ones, which are not
    answered. Where both wait they take turns.

    Args:
        load: Makes the :class:`~mminspect.inspection.Inspector` in the process; has to be picklable, see
            :class:`Factory`.
        on_result: Gets each job's id and answer, in a thread of the client.
        on_ready: Is told about the model, each time that it was loaded: ``name, kind, classes, fingerprint, runtime,
            calibration`` (:meth:`mminspect.decisions.Calibration.state` or None) and ``threshold`` (``value, origin,
            count, rule`` or None). If it raises, the model is loaded again after a pause.
        upload_size: Uploads that wait at most.
        live_size: Live frames that wait at most.
        seconds: Longest time for one job or for loading; then the process is taken for stuck and killed.
        on_refused: Is told why the process could not load the model, the first time that it says so and only before the
            model has run: later it may come back, if somebody is just copying it. If it returns True, nothing is tried
            again.
    """

    def __init__(self, load: Callable[[], Any], on_result: Callable[[str, Answer], None],
                 on_ready: Callable[[dict[str, Any]], None] | None = None, upload_size: int = 8, live_size: int = 1,
                 seconds: float = 600, on_refused: Callable[[str], bool] | None = None) -> None:
        self._load, self._on_result, self._on_ready, self._seconds = load, on_result, on_ready, seconds
        self._on_refused = on_refused
        self._queue, self._closing = JobQueue(upload_size, live_size), threading.Event()
        self._thread = threading.Thread(target=self._run, name='worker-client', daemon=True)
        self._handle: WorkerHandle | None = None
        self._ready, self._failure = False, None
        self._job: Job | None = None
        self._deaths = 0  # of processes, by this job
        self._answered = self._failed = self._restarts = 0
        self._times: deque[float] = deque(maxlen=100)

    @property
    def failure(self) -> str | None:
        """Why the model is not loaded, in one sentence; None while it is, and while the first attempt runs."""
        return self._failure

    @property
    def dropped(self) -> int:
        """Live frames that gave way to newer ones."""
        return self._queue.dropped

    def start(self) -> None:
        """Start the process, and again whenever it dies."""
        self._thread.start()

    def close(self, timeout: float = 10) -> None:
        """Finish the job in work if that takes no longer than ``timeout`` seconds; those that wait are not answered."""
        self._closing.set()
        self._queue.close()
        if not self._ready and self._handle is not None:
            self._handle.kill()
        self._thread.join(timeout)
        if self._thread.is_alive() and self._handle is not None:
            self._handle.kill()
            self._thread.join(timeout)

    def submit(self, job_id: str, image: str | Path | NDArray[np.uint8], folder: str | Path | None = None,
               live: bool = False, threshold: Threshold | float | None = None) -> bool:
        """Have a picture inspected; never waits.

        Args:
            job_id: Name of the job, which comes back with its :class:`Answer`.
            image: A file, or pixels (H, W, 3), RGB, which must not be changed afterwards.
            folder: Folder in which the worker writes :data:`~mminspect.station.worker.pictures.VIEW` and the
                other pictures.
            live: Whether it is a frame that a newer one may replace.
            threshold: Limit on the score; by default the model's.

        Returns:
            Whether it was accepted: an upload is not where too many wait, nor is anything after :meth:`close`.
        """
        image = str(image) if isinstance(image, (str, Path)) else image
        return self._queue.put(Job(job_id, image, None if folder is None else str(folder), live, threshold))

    def health(self) -> Health:
        """How the worker does."""
        uploads, live = self._queue.lengths()
        times = list(self._times)
        alive = self._handle is not None and self._handle.alive()
        return Health(alive, alive and self._ready, uploads, live, self._answered, self._failed, self.dropped,
                      self._restarts, float(np.mean(times)) if times else 0.0)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            try:
                self._run_process()
            except Exception as error:
                logger.exception('the worker process cannot be started')
                self._failed_because(f'the worker process cannot be started ({error}): see the log')
            pause = _FIRST_PAUSE if self._failure is None else min(2 * pause, _LONGEST_PAUSE)
            self._closing.wait(0 if self._failure is None else pause)
            self._restarts += not self._closing.is_set()

    def _run_process(self) -> None:
        self._handle = handle = WorkerHandle(self._load, self._seconds)
        try:
            if self._began(handle):
                self._work(handle)
        finally:
            self._ready = False
            handle.close()

    def _began(self, handle: WorkerHandle) -> bool:
        try:
            answer = handle.ready()
        except WorkerDiedError as error:
            return self._failed_because(f'the worker {error} while it loaded the model: see the log, and whether there '
                                        'is memory enough')
        first, self._on_refused = self._on_refused, None
        if isinstance(answer, NotLoaded):
            if first is not None and first(answer.sentence):
                self._failure = answer.sentence
                self._closing.set()
                return False
            return self._failed_because(answer.sentence)
        try:
            if self._on_ready is not None:
                self._on_ready(answer.info)
        except Exception as error:
            logger.exception('the model is loaded, but it cannot be used')
            return self._failed_because(f'the model is loaded, but it cannot be used ({error}): see the log')
        self._ready, self._failure = True, None
        return True

    def _failed_because(self, sentence: str) -> bool:
        """Note it, and say it in the terminal unless that is known there; False."""
        if sentence != self._failure and not self._closing.is_set():
            logger.error('the model does not run: %s', sentence)
        self._failure = sentence
        return False

    def _work(self, handle: WorkerHandle) -> None:
        """Until the client is closed or the process dies."""
        while not self._closing.is_set() and handle.alive():
            if self._job is None:
                self._job = self._queue.take(_IDLE_CHECK_SECONDS)
            elif (answer := self._done(handle, self._job)) is not None:
                job, self._job, self._deaths = self._job, None, 0
                self._answered += answer.result is not None
                self._failed += answer.result is None
                self._call(self._on_result, job.id, answer)

    def _done(self, handle: WorkerHandle, job: Job) -> Answer | None:
        """The answer; None if the process died and the job is worth another attempt."""
        start = perf_counter()
        try:
            answer = handle.run_job(job)
        except WorkerDiedError as error:
            if self._closing.is_set():
                return None
            logger.warning('the worker %s in job %s', error, job.id)
            self._deaths += 1
            if not job.live and self._deaths < _MOST_DEATHS and not error.slow:
                return None
            again = ' again' if self._deaths > 1 else ''
            return Answer(None, f'the inspection {error}{again}: the picture may be too large for the memory of this '
                                'machine', crashed=True)
        self._times.append(1000 * (perf_counter() - start))
        return answer

    def _call(self, function: Callable[..., None], *args: Any) -> None:
        try:
            function(*args)
        except Exception:
            logger.exception('what the worker said could not be taken')
