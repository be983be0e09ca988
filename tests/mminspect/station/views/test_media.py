"""Pictures of records: the right ones, of the right type, and nothing else of the disk."""
from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from station_site import Client, png


@pytest.fixture
def record(client: Client) -> dict:
    return client.send('/api/detect', [('a.png', png(255))]).json


def test_pictures_and_their_types(client: Client, record: dict, media: Path) -> None:
    folder = next(media.glob('??/*'))
    for kind, name in (('view', 'view.jpg'), ('overlay', 'overlay.jpg'), ('heat', 'heat.png')):
        reply = client.get(f'/media/{record["id"]}/{kind}')
        assert reply.body == (folder / name).read_bytes()
        assert reply.headers['Content-Type'] == dict(jpg='image/jpeg', png='image/png')[name[-3:]]
        assert 'private' in reply.headers['Cache-Control']
    assert client.get(record['thumb_url']).body == (folder / 'thumb.jpg').read_bytes()


def test_originals_of_megabytes_come_whole(client: Client, record: dict, media: Path) -> None:
    large = bytes(range(256)) * 40_000
    next(media.rglob('original.png')).write_bytes(large)
    reply = client.get(record['original_url'])
    assert reply.body == large and reply.headers['Content-Length'] == str(len(large))


@pytest.mark.parametrize('kind', ['original.png', '..', '%2e%2e', '..%2f..%2ftoken', '..%5c..%5ctoken', 'view.jpg',
                                  '', 'VIEW', 'view%00', '%2fetc%2fpasswd'])
def test_nothing_else_is_served(client: Client, record: dict, kind: str) -> None:
    reply = client.get(f'/media/{record["id"]}/{kind}')
    assert reply.status == 404 and settings.STATION_TOKEN not in reply.text


@pytest.mark.parametrize('path', ['/static/../settings.py', '/static/%2e%2e/settings.py', '/static//etc/passwd',
                                  '/media/token', '/media/../token', '/token', '/station.sqlite3'])
def test_other_files_are_out_of_reach(client: Client, path: str) -> None:
    assert client.get(path).status == 404
