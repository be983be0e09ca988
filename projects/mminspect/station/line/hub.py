"""From cameras to everybody who watches: nobody waits for a slow browser."""
from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

#: Messages that wait for one slow browser; the oldest go first.
MESSAGES = 200


class Viewer:
    """What waits for one browser: the newest frame alone, and messages. Used in the event loop only."""

    def __init__(self) -> None:
        self._frame: bytes | None = None
        self._messages: deque[Mapping[str, Any]] = deque(maxlen=MESSAGES)
        self._news = asyncio.Event()

    def put(self, item: bytes | Mapping[str, Any]) -> None:
        """Add a JPEG frame, which replaces one that waits, or a message."""
        if isinstance(item, bytes):
            self._frame = item
        else:
            self._messages.append(item)
        self._news.set()

    async def take(self) -> list[bytes | Mapping[str, Any]]:
        """Wait for news; messages first, then the frame."""
        await self._news.wait()
        self._news.clear()
        items = [*self._messages, *([] if self._frame is None else [self._frame])]
        self._messages.clear()
        self._frame = None
        return items


class Hub:
    """Viewers by camera.

    Args:
        loop: Event loop in which the viewers live.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._viewers: dict[str, set[Viewer]] = defaultdict(set)

    def is_watched(self, camera: str) -> bool:
        """Whether anybody watches."""
        return bool(self._viewers.get(camera))

    def viewer_count(self) -> int:
        """All viewers."""
        return sum(map(len, self._viewers.values()))

    def enter(self, camera: str) -> Viewer:
        """A new viewer; in the event loop."""
        viewer = Viewer()
        self._viewers[camera].add(viewer)
        return viewer

    def leave(self, camera: str, viewer: Viewer) -> None:
        """It is gone; in the event loop."""
        self._viewers[camera].discard(viewer)
        if not self._viewers[camera]:
            del self._viewers[camera]

    def publish(self, camera: str, item: bytes | Mapping[str, Any]) -> None:
        """Send a frame or a message to everybody who watches this camera; from any thread."""
        if self.is_watched(camera) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, camera, item)

    def _deliver(self, camera: str, item: bytes | Mapping[str, Any]) -> None:
        for viewer in self._viewers.get(camera, ()):
            viewer.put(item)
