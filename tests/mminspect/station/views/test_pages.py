"""Pages for people: what they show without their scripts."""
from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.test import override_settings

from mminspect.station.views import pages
from station_site import Client, Site, png


def upload(client: Client, name: str, value: int) -> dict:
    return client.send('/api/detect', [(name, png(value))]).json


def test_the_list_shows_records_with_words_for_decisions(client: Client) -> None:
    upload(client, 'good.png', 128)
    upload(client, 'bad.png', 255)
    page = client.get('/records').text
    rows = re.findall(r'<tr>\s*<td.*?</tr>', page, re.S)
    assert len(rows) == 2 and '2 found' in page
    assert 'bad.png' in rows[0] and '>defect<' in rows[0] and '0.9922' in rows[0] and '0.5' in rows[0]
    assert 'good.png' in rows[1] and '>good<' in rows[1]
    filtered = client.get('/records?decision=defect').text
    assert 'bad.png' in filtered and 'good.png' not in filtered and 'selected>defect' in filtered
    assert '/records.csv?decision=defect' in filtered


def test_unfit_filters_are_said_so_on_the_page(client: Client) -> None:
    page = client.get('/records?min_score=x&since=never')
    assert page.status == 200 and 'min_score must be a number' in page.text
    assert 'since must be a time such as 2026-11-21 09:30' in page.text


def test_pages_of_the_list_keep_the_filters(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mminspect.station.views.pages.PER_PAGE', 2)
    for number in range(5):
        upload(client, f'{number}.png', 255)
    second = client.get('/records?decision=defect&page=2').text
    assert 'page 2 of 3' in second and '2.png' in second and '3.png' not in second
    assert '?decision=defect&amp;page=1' in second and '?decision=defect&amp;page=3' in second
    assert 'page 3 of 3' in client.get('/records?page=99').text


def test_a_record_has_everything(client: Client) -> None:
    record = upload(client, 'bolt.png', 255)
    page = client.get(record['url']).text
    for word in ('bolt.png', '>defect<', '0.9922', '0.5 (hold-out normal images: largest score, 49 images)',
                 'difference', 'on numpy', '0123456789abcdef', '64 × 48 px', 'network 2.0', record['id']):
        assert word in page, word
    older = upload(client, 'older.png', 128)
    assert f'href="/records/{record["id"]}"' in client.get(older['url']).text


def test_marks_by_form_stay_on_the_page(client: Client) -> None:
    url = upload(client, 'a.png', 128)['url']
    client.get(url)
    for mark in ('defect', 'good'):
        assert client.submit(url, mark=mark).headers['Location'] == url
        pressed = re.findall(r'value="(\w+)" class="mark \w+" aria-pressed="true"', client.get(url).text)
        assert pressed == [mark]
    client.submit(url, mark='')
    assert 'aria-pressed="true"' not in client.get(url).text
    reply = client.submit(url, mark='broken')
    assert reply.status == 400 and 'mark' in reply.text


def test_a_waiting_and_a_failed_record_say_so(site: Site, client: Client) -> None:
    site.worker.free.clear()
    record = client.send('/api/detect?wait=0', [('a.png', png())]).json
    page = client.get(record['url'])
    assert page.status == 200 and 'waits for the model' in page.text
    assert '>waiting<' in client.get('/records').text
    site.worker.free.set()
    client.wait_for(record['id'])


def test_live_pages(site: Site, client: Client) -> None:
    site.line.cameras.clear()
    assert 'No camera is connected' in client.get('/live').text
    for name in ('north', 'south'):
        site.line.camera(name)
    page = client.get('/live').text
    assert 'data-camera="north"' in page and 'href="/live/south"' in page
    assert 'data-camera="south"' in client.get('/live/south').text
    assert client.get('/live/west').status == 404
    site.line.cameras.clear()


def test_the_head_shows_the_model_and_its_failure(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert '>difference</span>' in client.get('/').text
    monkeypatch.setattr(site.worker, 'failure', 'the file <model> is damaged')
    for path in ('/', '/records', '/scores', '/live'):
        page = client.get(path).text
        assert 'model failed' in page and 'the file &lt;model&gt; is damaged' in page
    assert client.get('/api/status').json['message'] == 'the file <model> is damaged'


def test_pages_take_get_only_and_say_so(client: Client) -> None:
    for path in ('/', '/live', '/records', '/scores'):
        reply = client.submit(path)
        assert reply.status == 405 and 'GET' in reply.headers['Allow'] and 'POST does not work here' in reply.text
        reply = client.request('HEAD', path)
        assert reply.status == 200 and not reply.body  # monitoring asks so
    assert client.submit('/records.csv').status == 400


@pytest.fixture
def stopped(site: Site) -> Iterator[Site]:
    """Between the server's start and the line's."""
    running, site.application.line = site.line, None
    yield site
    site.application.line = running


def request_to(site: Site) -> SimpleNamespace:
    return SimpleNamespace(scope=dict(line=site.line))


def test_the_head_of_a_running_station(site: Site) -> None:
    shown = pages.station_state(request_to(site))
    assert shown['station']['state'] == 'running' and shown['station']['model'] == 'difference'
    assert shown['login_needed'] is False
    with override_settings(STATION_LOGIN=True):
        assert pages.station_state(request_to(site))['login_needed'] is True


def test_a_station_that_stops_has_pages_in_words(stopped: Site) -> None:
    shown = pages.station_state(request_to(stopped))['station']
    assert shown['state'] == 'stopped' and 'starting or stopping' in shown['message'] and shown['model'] is None
    client = stopped.client()
    page = client.get('/records')
    assert page.status == 200 and 'data-state="stopped"' in page.text
    live = client.get('/live')
    assert live.status == 503 and 'starting or stopping' in live.text
    assert client.get('/api/status').json == dict(status=503, error='the station is starting or stopping: try again '
                                                                    'in a moment')
