"""Frames that the worker has been offered and not answered yet."""
from __future__ import annotations

import threading
from collections import OrderedDict
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from .camera import Camera

#: Kept in memory until the worker has answered or passed them over.
FRAMES = 4


class Frames:
    """Pixels of the last few frames, in the order of their offers. The worker does not tell which ones it skips."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: OrderedDict[UUID, tuple[Camera, NDArray[np.uint8]]] = OrderedDict()

    def add(self, camera: Camera, frame: NDArray[np.uint8]) -> UUID:
        """Keep a frame; returns the identifier that its record will have."""
        frame_id = uuid4()
        with self._lock:
            self._frames[frame_id] = (camera, frame)
            if len(self._frames) > FRAMES:
                self._skip()
        return frame_id

    def take(self, frame_id: UUID) -> tuple[Camera, NDArray[np.uint8]] | None:
        """Camera and pixels of an answered frame; those offered before it gave way to it. None: it is no frame."""
        with self._lock:
            if frame_id not in self._frames:
                return None
            while next(iter(self._frames)) != frame_id:
                self._skip()
            return self._frames.pop(frame_id)

    def _skip(self) -> None:
        _, (camera, _) = self._frames.popitem(last=False)
        camera.results['skipped'] += 1
