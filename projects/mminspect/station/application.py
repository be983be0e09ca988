"""Pages, interface and websockets, and the line that runs as long as they do."""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.urls import path, re_path

from mminspect.core.errors import UserError
from mminspect.station.line import Line
from mminspect.station.sources.registry import import_sources
from mminspect.station.worker import Factory, WorkerClient

from . import environment, intake
from .access import is_known
from .consumers import IngestConsumer, StreamConsumer
from .limits import App, Receive, RequestLimits, Send

logger = logging.getLogger(__name__)
#: Largest body of a request that brings no picture.
SMALL = 2**20


class _Nowhere(AsyncWebsocketConsumer):
    """A websocket at any other address is refused."""

    async def connect(self) -> None:
        await self.close()


def make_worker(**callbacks: Any) -> WorkerClient:
    """The worker's client with the model of the settings, not started yet.

    Args:
        callbacks: The client's arguments ``on_result``, ``on_ready`` and ``on_refused``.
    """
    load = Factory('mminspect.inspection:load_inspector', model=settings.STATION_MODEL, config=settings.STATION_CONFIG,
                   runtime=settings.STATION_RUNTIME, precision=settings.STATION_PRECISION,
                   imports=tuple(settings.STATION_IMPORT))
    return WorkerClient(load, **callbacks)


class Application:
    """See ASGI.

    Args:
        make_client: Makes the worker's client for the line, called with ``on_result`` and ``on_ready``. By default
            :func:`make_worker`, which is also called with ``on_refused``.

    Attributes:
        end: Ends the server; is called where the model cannot be loaded at the start. None: the station goes on without
            a model and tries again.
        refusal: Why the model could not be loaded, if that is why the server was ended.
        line: What runs as long as the server does, None before and after. It travels in the scope of every connection,
            where :func:`mminspect.station.line.running_line` finds it.
    """

    def __init__(self, make_client: Callable[..., Any] | None = None) -> None:
        self.line: Line | None = None
        self.end: Callable[[], None] | None = None
        self.refusal: str | None = None
        self._make_client = make_client or partial(make_worker, on_refused=self._refuse_model)
        self._release = lambda: None
        self._http = RequestLimits(ASGIHandler(), ('/api/detect', '/api/ingest/'), SMALL, settings.STATION_MAX_REQUEST,
                                   settings.STATION_MAX_REQUESTS, is_known)
        self._websocket: App = AuthMiddlewareStack(URLRouter([
            path('ws/stream/<str:camera>', StreamConsumer.as_asgi()),
            path('ws/ingest/<str:camera>', IngestConsumer.as_asgi()), re_path('', _Nowhere.as_asgi())]))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One connection, or the life of the server."""
        applications: dict[str, Callable[..., Awaitable[None]]] = dict(
            http=self._http, websocket=self._websocket, lifespan=self._live)
        await applications[scope['type']](dict(scope, line=self.line), receive, send)

    def _refuse_model(self, sentence: str) -> bool:
        """Called in a thread of the worker's client."""
        if self.end is None:
            return False
        self.refusal = sentence
        self.end()
        return True

    async def _live(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await receive()  # startup
        try:
            await self.start()
        except Exception as error:
            if isinstance(error, UserError):
                logger.error('%s', error)
            else:
                logger.exception('the station cannot start')
            self._release()
            return await send(dict(type='lifespan.startup.failed', message='the station cannot start'))
        await send(dict(type='lifespan.startup.complete'))
        await receive()  # shutdown
        await self.stop()
        await send(dict(type='lifespan.shutdown.complete'))

    async def start(self) -> None:
        """Clean up behind a killed station and begin."""
        self._release = environment.lock_folder(settings.STATION_DATA)
        if removed := await sync_to_async(intake.recover)():
            logger.info('removed %d unfinished uploads', removed)
        import_sources(settings.STATION_IMPORT, settings.STATION_SOURCES.values())
        self.line = Line(self._make_client, settings.STATION_SOURCES, asyncio.get_running_loop())
        await sync_to_async(self.line.start)()

    async def stop(self) -> None:
        """End the line."""
        ended, self.line = self.line, None
        await sync_to_async(ended.close)()
        self._release()
