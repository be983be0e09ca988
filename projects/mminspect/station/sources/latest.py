"""A source in a thread of its own, so that who is slow sees the newest picture instead of ever older ones."""
from __future__ import annotations

import threading
from collections.abc import Iterator

from .source import Frame, Source


class LatestFrame:
    """A place for one frame: a new one replaces the one that waits."""

    def __init__(self) -> None:
        self._news, self._frame, self._ended = threading.Condition(), None, False
        self._error: BaseException | None = None

    def put(self, frame: Frame) -> None:
        """Never waits."""
        with self._news:
            self._frame = frame
            self._news.notify()

    def end(self, error: BaseException | None = None) -> None:
        """No frame will follow; ``error`` is raised by :meth:`take` behind the last one."""
        with self._news:
            self._ended, self._error = True, error
            self._news.notify()

    def take(self) -> Frame | None:
        """Wait for a frame; None: there is none any more."""
        with self._news:
            self._news.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
            if frame is None and self._error is not None:
                raise self._error
            return frame


def latest_frames(source: Source) -> Iterator[Frame]:
    """The newest frame of a source each time; those that came in between are dropped.

    Ends with the source, which is closed where the iteration is left.

    Raises:
        UserError: What ended the source.
    """
    slot = LatestFrame()
    threading.Thread(target=_fill, args=(slot, source), name='frames', daemon=True).start()
    try:
        while (frame := slot.take()) is not None:
            yield frame
    finally:
        source.close()


def _fill(slot: LatestFrame, source: Source) -> None:
    try:
        for frame in source.frames():
            slot.put(frame)
    except BaseException as error:  # raised again where the frames are used
        slot.end(error)
    else:
        slot.end()
