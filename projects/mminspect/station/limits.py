"""Limits on requests as they arrive, before anything is read into memory or onto the disk."""
from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from .replies import FULL, LOG_IN, WRONG_TOKEN, Refused, is_full

Message = MutableMapping[str, Any]
Receive, Send = Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
#: Bytes a second that a sender has to manage.
SLOWEST = 10_000


class _Stopped(Exception):
    """The body is too large or does not come; the sender has been told."""


class RequestLimits:
    """ASGI application around another one.

    Args:
        app: The application that is to be protected.
        uploads: Paths that start so may have bodies of ``upload_bytes``, all others of ``bytes``.
        bytes: Size of the largest body that brings no picture.
        upload_bytes: Size of the largest body with pictures.
        requests: Number of uploads that are worked on at a time, and of other requests, so that pages open while
            uploads wait for the model; the next one is asked to come again (429).
        may_upload: Tells from the scope whether the sender may upload, or raises Refused; bodies of strangers (401) are
            not read.
        patience: Seconds that a sender may pause within a body, and that a whole body may take beyond a second for
            every :data:`SLOWEST` bytes.
    """

    def __init__(self, app: App, uploads: tuple[str, ...], bytes: int, upload_bytes: int, requests: int,
                 may_upload: Callable[[Scope], Awaitable[bool]], patience: float = 60) -> None:
        self.app, self.uploads, self.bytes, self.upload_bytes = app, uploads, bytes, upload_bytes
        self.requests, self.may_upload, self.patience = requests, may_upload, patience
        self.active = {True: 0, False: 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        upload = scope['path'].startswith(self.uploads)
        limit = self.upload_bytes if upload else self.bytes
        headers = dict(scope['headers'])
        length = headers.get(b'content-length', b'0')
        if not length.isdigit() or int(length) > limit:
            return await self._turn_away(headers, receive, send, 413, _too_large(limit))
        if upload and (stranger := await self._refusal(scope, headers)):
            return await self._turn_away(headers, receive, send, *stranger)
        if self.active[upload] >= self.requests:
            return await self._turn_away(headers, receive, send, 429,
                                         'the station is busy: send it again in a few seconds')
        self.active[upload] += 1
        try:
            await self.app(scope, self._limited(receive, send, limit), send)
        except _Stopped:
            pass
        except OSError as error:
            if not is_full(error):
                raise
            await self._drain(receive)  # the body did not fit onto the disk
            await refuse(send, 507, FULL)
        finally:
            self.active[upload] -= 1

    async def _refusal(self, scope: Scope, headers: Mapping[bytes, bytes]) -> tuple[int, str] | None:
        """Status and message for a sender who may not upload."""
        try:
            known = await self.may_upload(scope)
        except Refused as refusal:
            return refusal.status, refusal.message
        return None if known else (401, WRONG_TOKEN if b'authorization' in headers else LOG_IN)

    def _limited(self, receive: Receive, send: Send, limit: int) -> Receive:
        """``receive`` that counts the body and loses patience with it."""
        seen, more, begin = 0, True, time.monotonic()

        async def counted() -> Message:
            nonlocal seen, more
            if not more:  # the application waits for the sender to hang up
                return await receive()
            left = begin + self.patience + seen / SLOWEST - time.monotonic()
            try:
                message = await asyncio.wait_for(receive(), min(left, self.patience))
            except TimeoutError:
                await refuse(send, 408, f'the rest did not come within {self.patience:g} seconds')
                raise _Stopped from None
            seen, more = seen + len(message.get('body', b'')), message.get('more_body', False)
            if seen > limit:
                if more:
                    await self._drain(receive)
                await refuse(send, 413, _too_large(limit))
                raise _Stopped
            return message

        return counted

    async def _turn_away(self, headers: Mapping[bytes, bytes], receive: Receive, send: Send, status: int,
                         message: str) -> None:
        """Refuse; who expects an answer has not begun to send."""
        if b'expect' not in headers:
            await self._drain(receive)
        await refuse(send, status, message)

    async def _drain(self, receive: Receive) -> None:
        """Throw the body away: many senders look for the answer only when they have sent everything.

        Those who go on for too long are hung up on.
        """
        seen, more, end = 0, True, time.monotonic() + self.patience
        while more and seen <= 2 * self.upload_bytes and (left := end - time.monotonic()) > 0:
            try:
                message = await asyncio.wait_for(receive(), left)
            except TimeoutError:
                return
            seen, more = seen + len(message.get('body', b'')), message.get('more_body', False)


def _too_large(limit: int) -> str:
    return f'the request is larger than {limit} bytes: send less at a time'


async def refuse(send: Send, status: int, message: str) -> None:
    """Answer with a JSON message and hang up: the rest of the body is not wanted."""
    body = json.dumps(dict(error=message, status=status)).encode()
    headers = [(b'content-type', b'application/json'), (b'content-length', str(len(body)).encode()),
               (b'x-content-type-options', b'nosniff'), (b'connection', b'close')]
    if status == 401:
        headers.append((b'www-authenticate', b'Bearer'))
    if status == 429:
        headers.append((b'retry-after', b'2'))
    await send(dict(type='http.response.start', status=status, headers=headers))
    await send(dict(type='http.response.body', body=body))
