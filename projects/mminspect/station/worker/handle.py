"""One run of the worker process, as the server sees it."""
from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import wait
from typing import Any

from .messages import Answer, Job, NotLoaded, Ready


class WorkerDiedError(Exception):
    """The process is gone; the message says how. ``slow``: it was killed because it did not answer in time."""

    def __init__(self, message: str, slow: bool = False) -> None:
        super().__init__(message)
        self.slow = slow


class Factory:
    """A function by name, with its arguments, that is imported where it is called: in the process, not in the server.

    Args:
        path: ``module:function``.
        arguments: What the function is called with; they are pickled.
    """

    def __init__(self, path: str, **arguments: Any) -> None:
        self.path, self.arguments = path, arguments

    def __call__(self) -> Any:
        """What the function returns."""
        module, _, name = self.path.partition(':')
        return getattr(import_module(module), name)(**self.arguments)


class WorkerHandle:
    """Starts the process.

    Args:
        load: Makes the inspector; called in the process, to which it is pickled.
        seconds: Longest time that an answer may take.
    """

    def __init__(self, load: Callable[[], Any], seconds: float) -> None:
        context = multiprocessing.get_context('spawn')
        self._seconds = seconds
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, load), name='inspection-worker', daemon=True)
        self._process.start()
        theirs.close()  # so that its end is noticed

    def ready(self) -> Ready | NotLoaded:
        """Wait until the model is loaded or not; raises WorkerDiedError."""
        return self._receive()

    def run_job(self, job: Job) -> Answer:
        """Have a job done; raises WorkerDiedError."""
        try:
            self._connection.send(job)
        except OSError:
            raise self._died() from None
        return self._receive()

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()

    def close(self, seconds: float = 5) -> None:
        """Let it end, and end it if it does not."""
        try:
            self._connection.send(None)
        except OSError:
            pass  # it is gone
        self._process.join(seconds)
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _receive(self) -> Any:
        if not wait([self._connection], self._seconds):
            self.kill()
            raise WorkerDiedError(f'gave no answer for {self._seconds:g} seconds', slow=True)
        try:
            return self._connection.recv()
        except (EOFError, OSError):
            raise self._died() from None

    def _died(self) -> WorkerDiedError:
        self._process.join(5)
        code = self._process.exitcode
        return WorkerDiedError('was killed' if code == -9 else f'ended with status {code}')


def _serve(*args: Any) -> None:
    """The server imports nothing that only the process needs."""
    from .process import serve
    serve(*args)
