"""The page's own files."""
from __future__ import annotations

from pathlib import Path

import pytest

from mminspect import station
from station_site import Client

FILES = sorted(path for path in (Path(station.__file__).parent / 'static').iterdir())
TYPES = {'.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml'}


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_they_are_served_whole_with_their_type(client: Client, path: Path) -> None:
    reply = client.get(f'/static/{path.name}')
    assert reply.status == 200 and reply.body == path.read_bytes()
    assert reply.headers['Content-Type'].partition(';')[0] == TYPES[path.suffix]
    assert 'max-age' in reply.headers['Cache-Control']


def test_what_has_not_changed_is_not_sent_again(client: Client) -> None:
    headers = client.get('/static/station.css').headers
    again = client.get('/static/station.css', **{'If-Modified-Since': headers['Last-Modified']})
    assert again.status == 304 and again.body == b''
    assert client.request('HEAD', '/static/station.css').headers['Content-Length'] == headers['Content-Length']
    assert client.get('/static/nothing.css').status == 404
    assert client.request('POST', '/static/station.css').status in (403, 405)
