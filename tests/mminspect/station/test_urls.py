"""Every address there is, so that a new one is not forgotten."""
from __future__ import annotations

import uuid

import pytest
from django.urls import get_resolver

from mminspect.station.urls import urlpatterns
from station_site import Site

PUBLIC = {'login', 'logout'}
#: In place of the parts of an address that vary.
PARTS = dict(record_id=str(uuid.UUID(int=7)), camera='live1', kind='view')
PROTECTED = [pattern for pattern in urlpatterns if str(pattern.pattern) not in PUBLIC]


def address(pattern: object) -> str:
    text = str(pattern.pattern)
    for converter in ('uuid', 'str'):
        for name, value in PARTS.items():
            text = text.replace(f'<{converter}:{name}>', value)
    assert '<' not in text, f'{text}: say in PARTS what stands there'
    assert get_resolver().resolve(f'/{text}')
    return f'/{text}'


@pytest.mark.parametrize('pattern', PROTECTED, ids=lambda pattern: str(pattern.pattern) or '/')
def test_strangers_are_refused_everywhere(strict: Site, pattern: object) -> None:
    client, path = strict.client(), address(pattern)
    for method in ('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'):
        reply = client.request(method, path, b'' if method in ('POST', 'PUT') else None)
        if path.startswith('/api/'):
            assert reply.status == 401, (method, path)
        else:
            assert reply.status == 302 and reply.headers['Location'].startswith('/login?next='), (method, path)


def test_what_is_public_is_known(strict: Site) -> None:
    client = strict.client()
    assert {str(pattern.pattern) for pattern in urlpatterns} >= PUBLIC
    assert client.get('/login').status == 200 and client.get('/static/station.css').status == 200
    assert client.get('/nothing').status == 404
