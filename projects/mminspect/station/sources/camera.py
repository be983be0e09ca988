"""A camera at this machine, or one in the network that OpenCV knows how to reach."""
from __future__ import annotations

import time
from collections.abc import Generator

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError

from .addresses import NETWORK_CAMERA, without_password
from .capture import Capture, NoAnswerError
from .registry import register_source
from .source import Report, Source, next_due

#: Seconds between attempts to get a lost camera back, and longest times to open it and for one frame.
PAUSE, OPEN_SECONDS, READ_SECONDS = 2.0, 10.0, 10.0


@register_source('camera')
class CameraSource(Source):
    """Frames of a camera; where it is lost it is opened again and again.

    Args:
        address: The camera's number, its device or its URL.
        rate: Frames a second at most; None: as many as it gives. What comes in between is dropped, not kept for later.
        loop: Means nothing to a camera, which has no end.
        report: Function that is told when it is lost and when it is back.

    Raises:
        UserError: It does not answer within :data:`OPEN_SECONDS`.
    """

    address_example, may_be_absent = '0', True

    def __init__(self, address: str, rate: float | None = None, loop: bool = True, report: Report | None = None
                 ) -> None:
        super().__init__(None, report)
        self._pause = 0.0 if rate is None else 1 / rate
        self._address = int(address) if address.isdecimal() else address
        self._name, self._late = f'camera {without_password(address)}', ''
        self._capture = self._open()
        if self._capture is None:
            raise UserError(f'{self._name} does not answer{self._late}: {self._advice()}')

    def pictures(self) -> Generator[NDArray[np.uint8], None, None]:
        """See :class:`Source`."""
        due = time.monotonic()
        try:
            while not self.closed.is_set():
                # every frame is taken from the camera, or those that wait there grow old
                pixels = self._read()
                if pixels is None:
                    self._reopen()
                elif time.monotonic() >= due:
                    due = next_due(due, self._pause)
                    self.report('')
                    yield cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        finally:
            self._release()

    def _advice(self) -> str:
        if isinstance(self._address, int):
            return 'check that it is connected and that no other program uses it'
        return f'check that it is connected, and the address, which has the form {NETWORK_CAMERA} in the network'

    def _read(self) -> NDArray[np.uint8] | None:
        try:
            return self._capture.read() if self._capture is not None else None
        except NoAnswerError:
            return None

    def _reopen(self) -> None:
        self._release()
        if self.closed.is_set():
            return
        self.report(f'{self._name} gives no picture any more: check its cable and power, it is tried again every '
                    f'{PAUSE:g} seconds')
        if not self.closed.wait(PAUSE):
            self._capture = self._open()

    def _open(self) -> Capture | None:
        capture = Capture(self._address, OPEN_SECONDS, READ_SECONDS, self.closed)
        self._late = ''
        try:
            if capture.open():
                return capture
        except NoAnswerError:
            self._late = f' within {OPEN_SECONDS:g} seconds'
        capture.close()
        return None

    def _release(self) -> None:
        if self._capture is not None:
            self._capture.close()
            self._capture = None
