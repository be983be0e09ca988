"""Django with a database and a media folder of this run, empty before every test."""
from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('django', reason='the station is an extra: pip install .[web]')
pytest.importorskip('channels')

_DATA = tempfile.mkdtemp(prefix='station-tests-')
atexit.register(shutil.rmtree, _DATA, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith('STATION_')]:
    del os.environ[_name]
os.environ.update(STATION_DATA=_DATA, STATION_TOKEN='token-of-the-tests', STATION_SECRET_KEY='x' * 50,
                  DJANGO_SETTINGS_MODULE='mminspect.station.settings')

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import override_settings  # noqa: E402

import station_site  # noqa: E402

settings.PASSWORD_HASHERS = ['django.contrib.auth.hashers.MD5PasswordHasher']  # the others are slow by design


@pytest.fixture(scope='session')
def tables() -> None:
    call_command('migrate', verbosity=0)


def empty() -> None:
    from django.contrib.auth.models import User
    from django.contrib.sessions.models import Session

    from mminspect.station.records.models import Record, ThresholdChange
    for rows in (Record.objects, User.objects, Session.objects, ThresholdChange.objects.exclude(by='model')):
        rows.all().delete()
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    cache.clear()


@pytest.fixture
def database(tables: None) -> Iterator[None]:
    """Empty tables, media and caches."""
    from mminspect.station.records.models import Model
    empty()
    Model.objects.all().delete()
    yield
    django.db.connections.close_all()


@pytest.fixture(scope='module')
def running(tables: None) -> Iterator[station_site.Site]:
    empty()
    with station_site.serving() as site:
        station_site.eventually(lambda: site.worker.ready.is_set())
        yield site


@pytest.fixture
def site(running: station_site.Site) -> Iterator[station_site.Site]:
    """A running station that is open to this machine, without records."""
    empty()
    running.worker.seen.clear()
    yield running
    running.worker.free.set()
    station_site.eventually(running.worker.is_idle)
    django.db.connections.close_all()


@pytest.fixture
def strict(site: station_site.Site) -> Iterator[station_site.Site]:
    """As bound beyond localhost."""
    with override_settings(STATION_LOGIN=True):
        yield site


@pytest.fixture
def client(site: station_site.Site) -> station_site.Client:
    """A browser on the station."""
    return site.client()


@pytest.fixture
def media() -> Path:
    return Path(settings.MEDIA_ROOT)


@pytest.fixture
def page(site: station_site.Site, chromium: Any) -> Iterator[Any]:
    """A window on the station; errors of scripts, and requests to anywhere else, fail the test."""
    context = chromium.new_context(base_url=f'http://127.0.0.1:{site.port}')
    context.set_default_timeout(20_000)
    page, wrong = context.new_page(), []
    page.on('pageerror', lambda error: wrong.append(str(error)))
    page.on('console', lambda message: wrong.append(message.text)
            if message.type == 'error' and 'status of 4' not in message.text else None)
    own = (f'http://127.0.0.1:{site.port}/', f'ws://127.0.0.1:{site.port}/', 'blob:')
    page.on('request', lambda request: None if request.url.startswith(own) else wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def machine(site: station_site.Site) -> station_site.Client:
    """A program with the token."""
    return station_site.Client(site.port, token='token-of-the-tests')
