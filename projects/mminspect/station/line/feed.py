"""The thread that reads a source and feeds its camera, again and again where it breaks."""
from __future__ import annotations

import logging
import threading

from mminspect.core.errors import UserError
from mminspect.station.sources import Source, latest_frames, open_source
from mminspect.vision.reading import Reading

from .camera import Camera

logger = logging.getLogger(__name__)
#: Seconds before a source that broke is opened again.
PAUSE = 5.0


class Feed:
    """One source for one camera.

    Args:
        source: Text for :func:`mminspect.station.sources.open_source`.
        camera: What the frames are fed to.
    """

    def __init__(self, source: str, camera: Camera) -> None:
        self._text, self._camera = source, camera
        self._end, self._source, self._reading = threading.Event(), None, Reading()
        self._thread = threading.Thread(target=self._run, name=f'feed-{camera.name}', daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def set_reading(self, reading: Reading) -> None:
        """Say how files become pixels, where the source has files."""
        self._reading = reading
        if self._source is not None:
            self._source.reading = reading

    def close(self) -> None:
        """End; waits a few seconds at most."""
        self._end.set()
        if self._source is not None:
            self._source.close()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                self._read()
            except UserError as error:
                self._camera.set_problem(str(error))
            except Exception:
                logger.exception('camera %s', self._camera.name)
                self._camera.set_problem('the source broke; the log says how')
            self._end.wait(PAUSE)

    def _read(self) -> None:
        self._source: Source = open_source(self._text, report=self._camera.set_problem)
        self._source.reading = self._reading
        try:
            for frame in latest_frames(self._source):
                if self._end.is_set():
                    return
                self._camera.feed(frame.pixels)
        finally:
            self._source.close()
