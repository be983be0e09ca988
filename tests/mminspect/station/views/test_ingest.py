"""Frames over HTTP from a camera's own machine."""
from __future__ import annotations

import cv2
import numpy as np
import pytest

from station_site import Client, Site, eventually, picture, png


@pytest.fixture
def machine(site: Site) -> Client:
    site.line.cameras.clear()
    return Client(site.port, token='token-of-the-tests')


@pytest.mark.parametrize('kind', ['image/png', 'application/octet-stream', 'application/x-www-form-urlencoded',
                                  'application/json', ''])
def test_a_frame_as_the_body(machine: Client, kind: str) -> None:
    reply = machine.request('POST', '/api/ingest/north', png(255), {'Content-Type': kind})
    assert reply.status == 202 and reply.json == dict(accepted=True, reason=None)
    found = eventually(lambda: machine.get('/api/records?source=north').json['records'])
    assert len(found) == 1 and found[0]['is_defect'] is True


def test_a_frame_as_a_file_and_the_sieves_reason(machine: Client) -> None:
    assert machine.send('/api/ingest/north', [('a.png', png(255))]).json['accepted'] is True
    reply = machine.send('/api/ingest/north', [('a.png', png(255))])
    assert reply.status == 202 and reply.json == dict(accepted=False, reason='duplicate')


def test_sixteen_bits_become_eight(machine: Client, site: Site) -> None:
    deep = cv2.imencode('.png', picture(255).astype(np.uint16) * 257)[1].tobytes()
    assert machine.request('POST', '/api/ingest/north', deep).json['accepted'] is True
    [found] = eventually(lambda: machine.get('/api/records?source=north').json['records'])
    assert found['score'] == pytest.approx(127 / 128, abs=0.01)


@pytest.mark.parametrize('files', [[], [('a.png', png()), ('b.png', png())]])
def test_one_frame_at_a_time(machine: Client, files: list) -> None:
    reply = machine.send('/api/ingest/north', files)
    assert reply.status == 400 and 'one frame' in reply.json['error']


@pytest.mark.parametrize('body', [b'', b'no picture', png()[:60]])
def test_what_is_no_picture_is_refused_in_words(machine: Client, body: bytes) -> None:
    reply = machine.request('POST', '/api/ingest/north', body)
    assert 400 <= reply.status < 500 and 'the frame' in reply.json['error']
