"""Frames that a camera's own machine sends."""
from __future__ import annotations

import io
from typing import Any, BinaryIO

import numpy as np
from django.http import HttpRequest, JsonResponse

from mminspect.station import intake
from mminspect.station.line import running_line
from mminspect.station.line.camera import Camera
from mminspect.station.replies import Refused

from .api import ApiView


class IngestView(ApiView):
    """``POST /api/ingest/<camera>``: one frame, as the body or as a multipart file."""

    accepts_token, needs_token = ('POST', ), True

    def post(self, request: HttpRequest, camera: str) -> JsonResponse:
        """202 with ``accepted``, and with the ``reason`` if the sieve keeps it from the model.

        A frame is not an upload: a newer one may take its place before the model comes to it.
        """
        files = [file for name in request.FILES for file in request.FILES.getlist(name)] \
            if request.content_type == 'multipart/form-data' else [io.BytesIO(request.read())]
        if len(files) != 1:
            raise Refused(400, f'send one frame, not {len(files)}')
        return JsonResponse(take_frame(running_line(request.scope).camera(camera), files[0]), status=202)


def take_frame(camera: Camera, file: BinaryIO) -> dict[str, Any]:
    """Check a frame and feed it to its camera.

    Args:
        camera: The frame is one of it.
        file: The picture's, opened.

    Raises:
        UploadError: It is no picture that the station takes.
    """
    pixels = intake.check(file, 'the frame').pixels
    reason = camera.feed(pixels if pixels.dtype == np.uint8 else pixels.round().astype(np.uint8))
    return dict(accepted=reason is None, reason=reason)
