"""One camera: its frames are shown, sieved, and the rest offered to the model."""
from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.station.prescreen import Prescreen

from .hub import Hub

logger = logging.getLogger(__name__)
#: Frames a second that browsers get, pixels of their longer side, their JPEG quality, and counters a second.
FRAME_RATE, FRAME_SIDE, FRAME_QUALITY, COUNTER_RATE = 12.0, 1280, 80, 2.0


class Camera:
    """Frames go in; viewers get JPEG, counters and messages; the model gets what the sieve lets through.

    Args:
        name: Name of the camera in addresses such as ``/live/<camera>``.
        prescreen: The sieve before the model; it counts what it has seen.
        offer: Called with this camera and a frame that the model is to see.
        hub: Brings frames and messages to the viewers.
    """

    def __init__(self, name: str, prescreen: Prescreen, offer: Callable[[Camera, NDArray[np.uint8]], None],
                 hub: Hub) -> None:
        self.name, self.prescreen, self._offer, self._hub = name, prescreen, offer, hub
        self._lock, self._shown, self._counted = threading.Lock(), 0.0, 0.0
        self.results: Counter[str] = Counter()
        self.problem = ''

    def feed(self, frame: NDArray[np.uint8]) -> str | None:
        """Take the next frame.

        Args:
            frame: (H, W, 3), RGB.

        Returns:
            Why it does not go to the model, or None.
        """
        with self._lock:
            self._show(frame)
            reason = self.prescreen.accepts(frame)
            if reason is None:
                self._offer(self, frame)
            self.count()
        return reason and str(getattr(reason, 'value', reason))

    def counters(self) -> dict[str, Any]:
        """What has become of the frames so far: numbers of the sieve, and of the results."""
        return dict(prescreen=dict(self.prescreen.counters), results=dict(self.results))

    def count(self, now: bool = False) -> None:
        """Tell the counters, not too often."""
        if now or time.monotonic() - self._counted > 1 / COUNTER_RATE:
            self._counted = time.monotonic()
            self._hub.publish(self.name, dict(type='counters', **self.counters()))

    def tell(self, message: Mapping[str, Any]) -> None:
        """A message for everybody who watches."""
        self._hub.publish(self.name, message)

    def set_problem(self, sentence: str) -> None:
        """Say what is wrong, on the page and in the log; an empty sentence: nothing any more."""
        if sentence != self.problem:
            logger.warning('camera %s: %s', self.name, sentence or 'all is well again')
            self.problem = sentence
            self.tell(dict(type='problem', message=sentence))

    def _show(self, frame: NDArray[np.uint8]) -> None:
        if self._hub.is_watched(self.name) and time.monotonic() - self._shown > 1 / FRAME_RATE:
            self._shown = time.monotonic()
            self._hub.publish(self.name, encode_frame(frame))


def encode_frame(frame: NDArray[np.uint8]) -> bytes:
    """A frame as JPEG for browsers, reduced to :data:`FRAME_SIDE`."""
    factor = FRAME_SIDE / max(frame.shape[:2])
    if factor < 1:
        height, width = (max(1, round(side * factor)) for side in frame.shape[:2])
        frame = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode('.jpg', frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, FRAME_QUALITY])[1].tobytes()
