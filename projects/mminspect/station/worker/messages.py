"""What the server and the worker process say to each other, and what the server is told."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mminspect.decisions import Threshold


@dataclass(frozen=True)
class Job:
    """One picture to be inspected.

    Attributes:
        id: The caller's name for it.
        image: Path of a file, or pixels (H, W, 3), RGB.
        folder: Where pictures of the result are written; None: nowhere.
        live: Whether it is a live frame, whose place a newer one may take.
        threshold: Limit on its score, in place of the model's.
    """

    id: str
    image: str | NDArray[np.uint8]
    folder: str | None
    live: bool
    threshold: Threshold | float | None


@dataclass(frozen=True)
class Ready:
    """The model is loaded; ``info`` says which it is."""

    info: dict[str, Any]


@dataclass(frozen=True)
class NotLoaded:
    """The model cannot be loaded, and why in one sentence."""

    sentence: str


@dataclass(frozen=True)
class Answer:
    """What has become of a job.

    Attributes:
        result: :meth:`mminspect.inspection.result.InspectionResult.as_dict`, its ``image`` is the job's id; None: there
            is none.
        error: Then why, in one sentence.
        crashed: Whether the job brought the worker down, an upload even twice: trying again is no use.
        again: Whether the picture is worth another attempt later: the disk is full.
        files: Names of what was written into the job's folder.
    """

    result: dict[str, Any] | None
    error: str | None = None
    crashed: bool = False
    again: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Health:
    """State of the worker.

    Attributes:
        alive: Whether its process runs.
        ready: Whether its model is loaded.
        uploads_waiting: Uploads in the queue, without the one in work.
        live_waiting: Live frames in the queue.
        answered: Jobs with a result since the start.
        failed: Jobs without one.
        dropped: Live frames that gave way to newer ones.
        restarts: How often the process had to be started again.
        milliseconds: Mean time of the latest jobs, from handing over to answer; 0 before the first.
    """

    alive: bool
    ready: bool
    uploads_waiting: int
    live_waiting: int
    answered: int
    failed: int
    dropped: int
    restarts: int
    milliseconds: float
