"""What every source of live frames has in common."""
from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mminspect.vision.reading import Reading

#: Is told what is wrong in one sentence, and '' when all is well again.
Report = Callable[[str], None]


@dataclass(frozen=True)
class Frame:
    """One picture of a stream.

    Attributes:
        pixels: (H, W, 3), RGB, uint8.
        time: When it was taken, seconds since 1970.
        number: Position in the stream, from 0; pictures that were skipped have none.
    """

    pixels: NDArray[np.uint8]
    time: float
    number: int


def next_due(due: float, period: float) -> float:
    """When the next frame is due; who is late by more than a period begins anew and does not catch up."""
    now = time.monotonic()
    return due + period if due + period > now else now + period


class Source(ABC):
    """Frames at the pace of a camera.

    A kind of source implements :meth:`pictures`, and is called as :func:`mminspect.station.sources.register_source`
    says.

    Args:
        rate: Frames a second at most; None: as they come.
        report: Function that is told of pictures that are left out and cameras that are lost.

    Attributes:
        address_example: What may stand behind the colon of ``--source KIND:``, for messages.
        may_be_absent: Whether the station starts although the source cannot be opened yet, as a camera that is plugged
            in later.
        closed: Set by :meth:`close`; :meth:`pictures` ends soon afterwards.
        reading: How files become pixels; the station sets that of its model, as soon as it is loaded.
    """

    address_example: ClassVar[str] = 'ADDRESS'
    may_be_absent: ClassVar[bool] = False

    def __init__(self, rate: float | None, report: Report | None) -> None:
        self._period = 0.0 if rate is None else 1 / rate
        self._tell, self._said = report or (lambda sentence: None), None
        self.closed, self.reading = threading.Event(), Reading()

    def frames(self) -> Iterator[Frame]:
        """Frame after frame, until the end of the source or :meth:`close`.

        Raises:
            UserError: There is nothing to be read, for good.
        """
        due = time.monotonic()
        with closing(self.pictures()) as pictures:
            for number, pixels in enumerate(pictures):
                if self.closed.wait(max(0.0, due - time.monotonic())):
                    return
                due = next_due(due, self._period)
                if self._said is None:
                    self.report('')
                yield Frame(pixels, time.time(), number)

    def close(self) -> None:
        """End :meth:`frames`, also from another thread; what is open is closed by it."""
        self.closed.set()

    @abstractmethod
    def pictures(self) -> Generator[NDArray[np.uint8], None, None]:
        """Yield the pixels of one frame after the other, (H, W, 3), RGB, uint8, without delay.

        Called in a thread of its own. What it opens it closes in a ``finally`` of its own.

        Raises:
            UserError: There is nothing to be read, for good; the station opens the source again after a pause.
        """

    def report(self, sentence: str) -> None:
        """Say what is wrong, once; an empty sentence: all is well again."""
        if sentence != self._said:
            self._said = sentence
            self._tell(sentence)
