"""Websockets: a camera's picture to browsers, and frames from a camera's own machine."""
from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from mminspect.station.line import running_line
from mminspect.station.views.ingest import take_frame

from . import replies
from .access import is_open_to, is_token
from .senders import sender_of

logger = logging.getLogger(__name__)
#: Browsers that may watch at a time.
VIEWERS = 64
#: Reasons of RFC 6455 for hanging up.
UNSUPPORTED, POLICY, TRY_LATER = 1003, 1008, 1013


class _Guarded(AsyncWebsocketConsumer):
    """A connection from an allowed host and, if from a browser, from the station's own pages."""

    async def connect(self) -> None:
        """Refuse (HTTP 403) or accept."""
        headers = {name.decode('latin1'): value.decode('latin1') for name, value in self.scope['headers']}
        if not _own_page(headers) or not await self.may_enter(headers):
            return await self.close()
        try:
            self.camera = running_line(self.scope).camera(self.scope['url_route']['kwargs']['camera'])
        except replies.Refused:
            return await self.close()
        await self.accept()
        await self.begin()

    async def may_enter(self, headers: dict[str, str]) -> bool:
        """Whether the client is known."""
        raise NotImplementedError(f'{type(self).__name__} must say whom it lets in')

    async def begin(self) -> None:
        """The connection stands."""

    async def say(self, message: dict[str, Any]) -> None:
        """A JSON message."""
        await self.send(text_data=json.dumps(message, allow_nan=False))


class StreamConsumer(_Guarded):
    """``WS /ws/stream/<camera>``: JPEG frames as binary messages; ``type`` hello, detection, counters or problem."""

    _task: asyncio.Task | None = None

    async def may_enter(self, headers: dict[str, str]) -> bool:
        """As for pages. An unknown camera must not come into being by looking at it."""
        running = running_line(self.scope)
        user, address = self.scope.get('user'), (self.scope.get('client') or ('', 0))[0]
        known = is_open_to(address, headers) or bool(user and user.is_authenticated)
        return known and self.scope['url_route']['kwargs']['camera'] in running.cameras \
            and running.hub.viewer_count() < VIEWERS

    async def begin(self) -> None:
        """Say hello and go on with what comes."""
        hub = running_line(self.scope).hub
        self._hub, self._viewer = hub, hub.enter(self.camera.name)
        await self.say(dict(type='hello', camera=self.camera.name, problem=self.camera.problem,
                            **self.camera.counters()))
        self._task = asyncio.create_task(self._send_all())

    async def disconnect(self, code: int) -> None:
        """The browser is gone."""
        if self._task is not None:
            self._task.cancel()
            self._hub.leave(self.camera.name, self._viewer)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is expected from viewers."""
        await self.say(dict(type='error', message='this stream takes no messages'))
        await self.close(UNSUPPORTED)

    async def _send_all(self) -> None:
        while True:
            for item in await self._viewer.take():
                if isinstance(item, bytes):
                    await self.send(bytes_data=item)
                else:
                    await self.say(dict(item))


class IngestConsumer(_Guarded):
    """``WS /ws/ingest/<camera>``: one picture a binary message, each answered as ``POST /api/ingest`` answers."""

    async def may_enter(self, headers: dict[str, str]) -> bool:
        """The token alone."""
        try:
            return is_token(headers.get('authorization', ''), sender_of(self.scope))
        except replies.Refused:  # too many wrong ones
            return False

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take a frame; the next one is read when this is done."""
        if bytes_data is None:
            return await self.say(dict(error='send each frame as one binary message', status=400))
        try:
            answer = await sync_to_async(take_frame, thread_sensitive=False)(self.camera, io.BytesIO(bytes_data))
        except Exception as error:
            if not (known := replies.status_and_message(error)):
                logger.exception('a frame for camera %s', self.camera.name)
            status, message = known or (500, 'something went wrong in the station; its log says what')
            answer = dict(error=message, status=status)
        await self.say(answer)


def _own_page(headers: dict[str, str]) -> bool:
    """Whether the host's name is the station's, and the page, where a browser names one, lies there too."""
    host, _ = split_domain_port(headers.get('host', ''))
    if not host or not validate_host(host, settings.ALLOWED_HOSTS):
        return False
    origin = headers.get('origin')
    return origin is None or urlsplit(origin).netloc == headers['host'].lower()
