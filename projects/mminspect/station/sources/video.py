"""A video file in place of a camera."""
from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError, no_file

from .addresses import NETWORK_CAMERA, is_url, without_password
from .registry import register_source
from .source import Report, Source

#: Frames a second of files that do not say it.
RATE = 25.0


@register_source('video')
class VideoSource(Source):
    """Frames of a video file.

    Args:
        path: A file that OpenCV decodes.
        rate: Frames a second; None: the file's own.
        loop: Whether the file begins again at its end.
        report: Function that is told '' with the first frame.

    Raises:
        UserError: The file is missing or no video.
    """

    address_example = 'FILE'

    def __init__(self, path: str | Path, rate: float | None = None, loop: bool = True, report: Report | None = None
                 ) -> None:
        self._path, self._loop = Path(path), loop
        if is_url(str(path)):
            raise UserError(f'video:{without_password(str(path))} is no file: a stream in the network is given as '
                            f'{NETWORK_CAMERA}')
        if not self._path.is_file():
            raise no_file(f'video {path}', path)
        capture = self._open()
        own = capture.get(cv2.CAP_PROP_FPS)
        capture.release()
        super().__init__(rate or (own if math.isfinite(own) and own > 0 else RATE), report)

    def pictures(self) -> Generator[NDArray[np.uint8], None, None]:
        """See :class:`Source`."""
        first = True
        while first or self._loop:
            capture, count = self._open(), 0
            try:
                while not self.closed.is_set() and (taken := capture.read())[0]:
                    count += 1
                    yield cv2.cvtColor(taken[1], cv2.COLOR_BGR2RGB)
            finally:
                capture.release()
            if self.closed.is_set():
                return
            if not count:
                raise UserError(f'video {self._path} holds no frame that can be decoded: record or convert it again')
            first = False

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path))
        if not capture.isOpened():
            raise UserError(f'{self._path} is no video that can be decoded: convert it to MP4 or AVI')
        return capture
