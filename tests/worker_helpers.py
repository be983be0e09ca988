"""Models for worker processes whose behaviour is in the picture, so that tests decide what happens over there."""
from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection_helpers import Brightness, anomaly_spec, calibration
from mminspect.core.errors import UserError
from mminspect.inspection import Inspector
from mminspect.station.worker import Answer, Factory, WorkerClient

#: Grey values of pictures that bring the process down: always, and the first time.
DEADLY, DEADLY_ONCE = 13, 14
#: Of one that takes until there is a file 'go', and of one that breaks the model.
SLOW, BREAKING = 15, 16
#: Longest wait for anything, in seconds: processes start slowly on a busy machine.
PATIENCE = 100


class Trouble(Brightness):
    """The score is the largest grey value / 255; some values do more, see above."""

    def __init__(self, folder: Path, calibrated: bool = True) -> None:
        super().__init__(anomaly_spec(calibration=calibration().state() if calibrated else None))
        self.folder = folder

    def __call__(self, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        level, marker = int(images[0, 0, 0, 0]), self.folder / 'died'
        if level == DEADLY or (level == DEADLY_ONCE and not marker.exists()):
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if level == BREAKING:
            raise RuntimeError('a defect\nof the program')
        end = time.monotonic() + PATIENCE
        while level == SLOW and not (self.folder / 'go').exists() and time.monotonic() < end:
            time.sleep(0.01)
        return super().__call__(images)


def make_inspector(folder: Path, needs: str | None = None, calibrated: bool = True) -> Inspector:
    """``needs``: a file in the folder without which there is no model."""
    if needs and not (folder / needs).exists():
        raise UserError(f'model {needs} does not exist: check the path')
    return Inspector(Trouble(folder, calibrated))


def factory(folder: Path, **arguments: object) -> Factory:
    return Factory('worker_helpers:make_inspector', folder=folder, **arguments)


def plain(level: int, shape: tuple[int, int] = (40, 50)) -> NDArray[np.uint8]:
    return np.full((*shape, 3), level, np.uint8)


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'it does not happen'
        time.sleep(0.01)


class Answers:
    """Collects what a client says."""

    def __init__(self) -> None:
        self.models: list[dict] = []
        self.order: list[str] = []
        self._answers: dict[str, Answer] = {}
        self._news = threading.Condition()

    def client(self, load: Callable[[], Inspector], **options: Any) -> WorkerClient:
        return WorkerClient(load, self.take, self.models.append, **options)

    def take(self, job_id: str, answer: Answer) -> None:
        with self._news:
            assert job_id not in self._answers, 'answered twice'
            self._answers[job_id] = answer
            self.order.append(job_id)
            self._news.notify_all()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._answers

    def of(self, job_id: str) -> Answer:
        """Wait for it."""
        with self._news:
            assert self._news.wait_for(lambda: job_id in self._answers, PATIENCE), f'{job_id} is not answered'
            return self._answers[job_id]
