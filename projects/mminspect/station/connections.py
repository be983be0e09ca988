"""Connections that come to nothing: the server closes them, so that they take nobody's place."""
from __future__ import annotations

import asyncio
import resource
from functools import cache
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol

#: Seconds that the head of a request may take, from the connection or its first byte on.
HEAD = 20.0
#: Bytes that may wait for one browser that does not read.
UNREAD = 32 * 2**20
#: Files that the process wants to have open, connections among them.
FILES = 2**15
_BUSY = b'the station has too many connections: try again in a few seconds'


@cache
def room() -> int:
    """Connections at a time: half of the open files that the system allows; database and pictures need theirs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(soft, wanted) // 2


class HttpProtocol(H11Protocol):
    """Uvicorn's, which waits for the first request without an end, and accepts connections until files run out."""

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """See asyncio."""
        super().connection_made(transport)
        if len(self.connections) > room():
            transport.write(b'HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nRetry-After: 2\r\n'
                            b'Connection: close\r\nContent-Length: %d\r\n\r\n%s' % (len(_BUSY), _BUSY))
            return transport.close()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        super().connection_lost(exc)
        self._forget()

    def _watch(self) -> None:
        """The clock runs from the first byte of a head to its last one."""
        if not self._waits():
            self._forget()
        elif self._end is None:
            self._end = self.loop.call_later(HEAD, self._give_up)

    def _waits(self) -> bool:
        return str(self.conn.their_state) == 'IDLE'

    def _give_up(self) -> None:
        if self._waits():
            self.transport.close()

    def _forget(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


class WebsocketProtocol(AutoWebSocketsProtocol):  # type: ignore[misc, valid-type]
    """Uvicorn's, which answers every ping even where nobody reads the answers."""

    transport: Any

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        super().data_received(data)
        if self.transport.get_write_buffer_size() > UNREAD:
            self.transport.abort()
