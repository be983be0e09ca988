"""Headers of every kind of answer, and no inline script or style for them to forbid."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from mminspect import station
from station_site import Client, png

TEMPLATES = sorted(Path(station.__file__).parent.glob('templates/*.html'))


@pytest.mark.parametrize('path', ['/', '/live', '/records', '/scores', '/login', '/api/records', '/api/nothing',
                                  '/nothing', '/static/station.css', '/records.csv'])
def test_every_answer_has_them(client: Client, path: str) -> None:
    headers = client.get(path).headers
    rules = dict(rule.strip().split(' ', 1) for rule in headers['Content-Security-Policy'].split(';'))
    assert rules['default-src'] == "'none'" and rules['script-src'] == rules['style-src'] == "'self'"
    assert rules['frame-ancestors'] == "'none'" and rules['form-action'] == "'self'" and rules['base-uri'] == "'none'"
    assert headers['X-Content-Type-Options'] == 'nosniff' and headers['X-Frame-Options'] == 'DENY'
    assert headers['Referrer-Policy'] == 'same-origin' and headers['Cross-Origin-Opener-Policy'] == 'same-origin'
    assert 'Access-Control-Allow-Origin' not in headers and 'Server' not in headers


def test_pictures_have_them_and_originals_are_downloads(client: Client) -> None:
    record = client.send('/api/detect', [('<script>.png', png(255))]).json
    for key in ('view_url', 'original_url'):
        headers = client.get(record[key]).headers
        assert headers['X-Content-Type-Options'] == 'nosniff' and headers['Content-Type'].startswith('image/')
    assert headers['Content-Disposition'] == f'attachment; filename="{record["id"]}.png"'


def test_names_from_outside_are_text(client: Client) -> None:
    url = client.send('/api/detect', [('<img src=x onerror=alert(1)>.png', png(255))]).json['url']
    for page in ('/', '/records', url):
        text = client.get(page).text
        assert 'onerror=alert' in text and '<img src=x' not in text


@pytest.mark.parametrize('path', TEMPLATES, ids=lambda path: path.name)
def test_templates_have_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r'<script(?![^>]*\bsrc=)', text) and not re.search(r'\s(style|on\w+)=', text)
    assert not re.search(r'(src|href)="(https?:)?//', text)  # works without a network


def test_errors_are_pages_without_tracebacks(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError('secret detail')

    monkeypatch.setattr('mminspect.station.views.records_api.describe', broken)
    client.send('/api/detect', [('a.png', png())])
    reply = client.get('/api/records')
    assert reply.status == 500 and 'secret' not in reply.text and 'Traceback' not in reply.text and reply.json['error']
    page = client.get('/nothing')
    assert page.status == 404 and 'Content-Security-Policy' in page.headers and 'nothing at this address' in page.text
