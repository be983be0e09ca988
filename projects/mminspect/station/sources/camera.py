"""A camera at this machine, or one in the network that OpenCV knows how to reach."""
from __future__ import annotations

import re
import time
from collections.abc import Generator

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError

from .registry import register_source
from .source import Report, Source, next_due

#: Seconds between attempts to get a lost camera back.
PAUSE = 2.0


@register_source('camera')
class CameraSource(Source):
    """Frames of a camera; where it is lost it is opened again and again.

    Args:
        address: The camera's number, its device or its URL.
        rate: Frames a second at most; None: as many as it gives. What comes in between is dropped, not kept for later.
        loop: Means nothing to a camera, which has no end.
        report: Function that is told when it is lost and when it is back.

    Raises:
        UserError: It does not answer.
    """

    address_example, may_be_absent = '0', True

    def __init__(self, address: str, rate: float | None = None, loop: bool = True, report: Report | None = None
                 ) -> None:
        super().__init__(None, report)
        self._pause = 0.0 if rate is None else 1 / rate
        self._address = int(address) if address.isdecimal() else address
        self._name = f'camera {re.sub("//[^/]*@", "//", address)}'  # without a password
        self._capture = self._open()
        if self._capture is None:
            raise UserError(f'{self._name} does not answer: check that it is connected and that no other program '
                            'uses it')

    def pictures(self) -> Generator[NDArray[np.uint8], None, None]:
        """See :class:`Source`."""
        due = time.monotonic()
        try:
            while not self.closed.is_set():
                # every frame is taken from the camera, or those that wait there grow old
                taken, pixels = self._capture.read() if self._capture is not None else (False, None)
                if not taken:
                    self._reopen()
                elif time.monotonic() >= due:
                    due = next_due(due, self._pause)
                    self.report('')
                    yield cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        finally:
            self._release()

    def _reopen(self) -> None:
        self._release()
        self.report(f'{self._name} gives no picture any more: check its cable and power, it is tried again every '
                     f'{PAUSE:g} seconds')
        if not self.closed.wait(PAUSE):
            self._capture = self._open()

    def _open(self) -> cv2.VideoCapture | None:
        cv2.setLogLevel(0)  # what is wrong is said once in a sentence, not with every attempt
        capture = cv2.VideoCapture(self._address)
        if capture.isOpened():
            return capture
        capture.release()
        return None

    def _release(self) -> None:
        if self._capture is not None:
            self._capture.release()
            self._capture = None
