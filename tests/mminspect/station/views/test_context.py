"""The head of every page."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings

from mminspect.station.line import line
from mminspect.station.views import context
from station_site import Site


@pytest.fixture
def stopped(site: Site) -> Iterator[Site]:
    """Between the server's start and the line's."""
    before = line.current()
    line.set_current(None)
    yield site
    line.set_current(before)


def test_a_running_station_shows_its_model(site: Site) -> None:
    shown = context.station(None)
    assert shown['station']['state'] == 'running' and shown['station']['model'] == 'difference'
    assert shown['login_needed'] is False
    with override_settings(STATION_LOGIN=True):
        assert context.station(None)['login_needed'] is True


def test_a_station_that_stops_has_pages_in_words(stopped: Site) -> None:
    shown = context.station(None)['station']
    assert shown['state'] == 'stopped' and 'starting or stopping' in shown['message'] and shown['model'] is None
    client = stopped.client()
    page = client.get('/records')
    assert page.status == 200 and 'data-state="stopped"' in page.text
    live = client.get('/live')
    assert live.status == 503 and 'starting or stopping' in live.text
    assert client.get('/api/status').json == dict(status=503, error='the station is starting or stopping: try again '
                                                                    'in a moment')
