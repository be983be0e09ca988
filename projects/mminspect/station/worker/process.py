"""What runs in the worker process: one model, one job after the other."""
from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mminspect.core.cli import sentence
from mminspect.inspection import Inspector

from .messages import Answer, Job, NotLoaded, Ready
from .pictures import write_pictures


def serve(connection: Connection, load: Callable[[], Inspector]) -> None:
    """Load the model, then answer every :class:`Job` until None comes or the server is gone.

    Args:
        connection: Pipe to the server. The first message is :class:`Ready` or :class:`NotLoaded`, after which it ends.
        load: Makes the inspector.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which then ends this process in order
    threading.Thread(target=_end_with_server, daemon=True).start()
    try:
        inspector = load()
        own = inspector.threshold
        connection.send(Ready(_describe(inspector)))
    except Exception as error:
        return connection.send(NotLoaded(_sentence(error, 'the model cannot be loaded')))
    with suppress(EOFError, BrokenPipeError):  # the server is gone
        while (job := connection.recv()) is not None:
            connection.send(_answer(inspector, job, own))


def _answer(inspector: Inspector, job: Job, own: Any) -> Answer:
    try:
        inspector.threshold = own if job.threshold is None else job.threshold
        pixels, result = next(inspector.pairs([job.image], names=[job.id]))
        files: tuple[str, ...] = ()
        if job.folder is not None:
            scale = inspector.calibration and inspector.calibration.fused
            files = write_pictures(Path(job.folder), pixels, result, scale)
        return Answer(result.as_dict(), files=files)
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        return Answer(None, _sentence(error, 'the picture cannot be inspected'), again=full)


def _describe(inspector: Inspector) -> dict[str, Any]:
    calibration, limit = inspector.calibration, inspector.threshold
    return dict(asdict(inspector.model), calibration=calibration and calibration.state(),
                threshold=limit and asdict(limit), reading=asdict(inspector.spec.reading))


def _sentence(error: Exception, what: str) -> str:
    """What the user can mend in its own words; a defect of the program also leaves its traceback in the log."""
    known = sentence(error)
    if known is None:
        traceback.print_exception(error)
    return known or f'{what} ({type(error).__name__}: {" ".join(str(error).split())}): see the log'


def _end_with_server() -> None:
    """A killed server cannot end its worker, which would go on with a job that nobody waits for."""
    multiprocessing.parent_process().join()
    os._exit(1)
