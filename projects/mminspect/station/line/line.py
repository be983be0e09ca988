"""Everything that runs while the station does."""
from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import close_old_connections
from numpy.typing import NDArray

from mminspect.decisions import Threshold
from mminspect.station.prescreen import Prescreen, PrescreenSettings
from mminspect.station.records import decisions, store
from mminspect.station.records.description import describe
from mminspect.station.records.models import CAMERA, UPLOAD, Record
from mminspect.station.replies import Refused, is_full
from mminspect.station.worker import Answer, WorkerClient
from mminspect.vision.reading import Reading

from . import results
from .camera import Camera
from .feed import Feed
from .frames import Frames
from .hub import Hub
from .inbox import Inbox

logger = logging.getLogger(__name__)
#: Cameras that machines may add by sending frames, besides those of the command line.
CAMERAS = 16
_CAMERA_NAME = re.compile('[a-z0-9][a-z0-9_-]{0,31}')


class Line:
    """The worker, the uploads that wait for it, cameras and viewers.

    Args:
        make_client: Makes the worker's client, called with ``on_result`` and ``on_ready``.
        sources: Texts for :func:`mminspect.station.sources.open_source`, by name of the camera.
        loop: The server's event loop.

    Attributes:
        model: The row of the running model, None until it is loaded.
        threshold: Its threshold in force, for what the worker draws.
    """

    def __init__(self, make_client: Callable[..., WorkerClient], sources: Mapping[str, str],
                 loop: asyncio.AbstractEventLoop) -> None:
        self.hub, self.model, self.threshold = Hub(loop), None, None
        self._worker = make_client(on_result=self._on_result, on_ready=self._on_ready)
        self.inbox = Inbox(self._submit_upload, loop)
        self._lock, self._frames = threading.Lock(), Frames()
        self.cameras: dict[str, Camera] = {}
        self._feeds = [Feed(source, self.camera(name)) for name, source in sources.items()]

    def start(self) -> None:
        """Begin everything."""
        self._worker.start()
        self.inbox.start()
        for feed in self._feeds:
            feed.start()

    def close(self) -> None:
        """End everything; what waits is taken up at the next start."""
        for feed in self._feeds:
            feed.close()
        self.inbox.close()
        self._worker.close()

    @property
    def failure(self) -> str | None:
        """Why the model does not run, if so."""
        return self._worker.failure

    def camera(self, name: str) -> Camera:
        """The camera of that name, a new one if there is none.

        Raises:
            Refused: The name is unfit, or there are too many.
        """
        with self._lock:
            if name not in self.cameras:
                if not _CAMERA_NAME.fullmatch(name) or name in (UPLOAD, CAMERA):
                    raise Refused(400, 'a camera\'s name has up to 32 small letters, digits, "-" and "_"')
                if len(self.cameras) >= CAMERAS:
                    raise Refused(409, f'there are {CAMERAS} cameras already')
                sieve = Prescreen(PrescreenSettings(**settings.STATION_PRESCREEN))
                self.cameras[name] = Camera(name, sieve, self._offer, self.hub)
            return self.cameras[name]

    def state(self) -> dict[str, Any]:
        """For the page's head and for monitoring."""
        failure = self.failure  # once: the worker's thread changes it
        if failure:
            words = 'failed'
        else:
            words = 'loading' if self.model is None else 'running'
        return dict(state=words, message=failure or '', model=self.model and self.model.name,
                    fingerprint=self.model and self.model.fingerprint, runtime=self.model and self.model.runtime,
                    viewers=self.hub.viewer_count(), cameras=sorted(self.cameras),
                    problems={name: one.problem for name, one in [*self.cameras.items()] if one.problem})

    def _offer(self, camera: Camera, frame: NDArray[np.uint8]) -> None:
        """A frame to the worker; an older one that waits gives way."""
        frame_id = self._frames.add(camera, frame)
        self._worker.submit(str(frame_id), frame, store.folder(frame_id), live=True, threshold=self.threshold)

    def _submit_upload(self, record_id: UUID, path: str) -> bool:
        return self._worker.submit(str(record_id), path, store.folder(record_id), live=False, threshold=self.threshold)

    def _on_ready(self, info: Mapping[str, Any]) -> None:
        limit = info['threshold']
        model = decisions.register_model(dict(info, threshold=limit and Threshold(**limit)))
        present = decisions.threshold_in_force(model.fingerprint)
        self.model, self.threshold = model, present and present.threshold
        for feed in self._feeds:
            feed.set_reading(Reading(**info.get('reading') or {}))
        logger.info('model %s runs on %s', self.model.name, self.model.runtime)
        self.inbox.wake()

    def _on_result(self, job_id: str, answer: Answer) -> None:
        """Called in a thread of the worker's client."""
        record_id = UUID(job_id)
        taken = self._frames.take(record_id)
        try:
            if taken is None:
                self._keep_upload(record_id, answer)
            elif answer.result is not None:
                self._keep_frame(record_id, *taken, answer.result)
        except Exception as error:
            if is_full(error):
                logger.warning('the result of %s cannot be kept: the disk is full', record_id)
            else:
                logger.exception('the result of %s cannot be kept', record_id)
            if taken is None:
                self.inbox.result_lost(record_id)
        finally:
            close_old_connections()

    def _keep_upload(self, record_id: UUID, answer: Answer) -> None:
        if answer.again:
            logger.warning('upload %s goes on waiting: the disk is full', record_id)
            return self.inbox.result_lost(record_id)
        if answer.result is None:
            results.keep_failure(record_id, answer.error)
        else:
            results.keep_result(record_id, answer.result)
            if not Record.objects.filter(id=record_id).exists():  # a frame that was given up
                store.remove(record_id)
        self.inbox.result_kept(record_id)

    def _keep_frame(self, record_id: UUID, camera: Camera, frame: NDArray[np.uint8],
                    result: Mapping[str, Any]) -> None:
        record = results.keep_frame(record_id, camera.name, frame, result)
        described = describe(record, decisions.thresholds_in_force())
        camera.results['inspected'] += 1
        camera.results[{True: 'defect', False: 'good', None: 'undecided'}[described['is_defect']]] += 1
        camera.tell(dict(type='detection', **described))
        camera.count(now=True)


def running_line(scope: Mapping[str, Any]) -> Line:
    """The line that a request or a websocket has to do with.

    Args:
        scope: The connection's, of ASGI; :class:`mminspect.station.application.Application` puts its line there.

    Raises:
        Refused: It does not run.
    """
    line = scope.get('line')
    if line is None:
        raise Refused(503, 'the station is starting or stopping: try again in a moment')
    return line
