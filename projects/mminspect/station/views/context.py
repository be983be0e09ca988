"""What every page shows."""
from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from mminspect.station.line import line
from mminspect.station.replies import Refused


def station(request: HttpRequest) -> dict[str, Any]:
    """State of the line for the head of the page."""
    try:
        state = line.current().state()
    except Refused as stopped:
        state = dict(state='stopped', message=stopped.message, model=None)
    return dict(station=state, login_needed=settings.STATION_LOGIN)
