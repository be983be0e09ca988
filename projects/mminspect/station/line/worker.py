"""The worker's client with the model of the settings."""
from __future__ import annotations

from typing import Any

from django.conf import settings

from mminspect.station.worker import Factory, WorkerClient


def make_worker(**callbacks: Any) -> WorkerClient:
    """A client that is not started yet; ``callbacks`` are its ``on_result`` and ``on_ready``."""
    load = Factory('mminspect.inspection:load_inspector', model=settings.STATION_MODEL, config=settings.STATION_CONFIG,
                   runtime=settings.STATION_RUNTIME, precision=settings.STATION_PRECISION)
    return WorkerClient(load, **callbacks)
