"""Records for programs: filters, pages, marks."""
from __future__ import annotations

import uuid

import pytest

from station_site import Client, png


@pytest.fixture
def ids(client: Client) -> list[str]:
    """Records with the scores 0, 60/128 and 120/128; the last one is a defect."""
    return [client.send('/api/detect', [(f'{value}.png', png(value))]).json['id'] for value in (128, 188, 248)]


def listed(client: Client, query: str = '') -> list[str]:
    reply = client.get(f'/api/records?{query}')
    assert reply.status == 200, reply.text
    assert reply.json['count'] == len(reply.json['records'])
    return [record['id'] for record in reply.json['records']]


def test_the_newest_comes_first_and_filters_select(client: Client, ids: list[str]) -> None:
    good, middle, defect = ids
    assert listed(client) == [defect, middle, good]
    assert listed(client, 'only_anomalies=1') == listed(client, 'decision=defect') == [defect]
    assert listed(client, 'decision=good') == [middle, good]
    assert listed(client, 'decision=none') == []
    assert listed(client, 'min_score=0.4') == [defect, middle]
    assert listed(client, 'min_score=0.4&max_score=0.5') == [middle]
    assert listed(client, 'source=upload') == ids[::-1] and listed(client, 'source=live1') == []
    since = client.get(f'/api/records/{middle}').json['created'].replace('+', '%2B')
    assert listed(client, f'since={since}') == [defect, middle]
    assert listed(client, f'until={since}') == [middle, good]
    client.post(f'/api/records/{good}/mark', dict(mark='defect'))
    assert listed(client, 'mark=defect') == [good] and listed(client, 'mark=none') == [defect, middle]


def test_pages(client: Client, ids: list[str]) -> None:
    first = client.get('/api/records?per_page=2').json
    assert (first['count'], first['page'], first['pages'], len(first['records'])) == (3, 1, 2, 2)
    assert [record['id'] for record in client.get('/api/records?per_page=2&page=2').json['records']] == ids[:1]


@pytest.mark.parametrize(('query', 'status', 'word'), [
    ('since=yesterday', 400, 'since'), ('min_score=nan', 400, 'min_score'), ('max_score=x', 400, 'max_score'),
    ('decision=maybe', 400, 'decision'), ('mark=42', 400, 'mark'), ('per_page=0', 400, 'per_page'),
    ('per_page=1e9', 400, 'per_page'), ('page=-1', 404, 'page'), ('page=two', 400, 'page'),
    ('source=%00', 400, 'source'), ('since=99999-01-01', 400, 'since')])
def test_unfit_filters_are_refused_in_words(client: Client, query: str, status: int, word: str) -> None:
    reply = client.get(f'/api/records?{query}')
    assert reply.status == status and word in reply.json['error']


def test_marks_are_kept_and_taken_back(client: Client, ids: list[str]) -> None:
    for mark in ('good', 'defect', ''):
        assert client.post(f'/api/records/{ids[0]}/mark', dict(mark=mark)).json['mark'] == mark
        assert client.get(f'/api/records/{ids[0]}').json['mark'] == mark
    assert client.get(f'/api/records/{ids[0]}').json['is_defect'] is False  # the decision is the model's


@pytest.mark.parametrize('fields', [{}, dict(mark='bad'), dict(mark=1), dict(mark=['good']), dict(mark=None)])
def test_unfit_marks_are_refused(client: Client, ids: list[str], fields: dict) -> None:
    reply = client.post(f'/api/records/{ids[0]}/mark', fields)
    assert reply.status == 400 and 'mark' in reply.json['error']


@pytest.mark.parametrize('body', [b'', b'{', b'[]', b'"good"', b'\xff', b'[' * 5000])
def test_bodies_that_are_no_object_are_refused(client: Client, ids: list[str], body: bytes) -> None:
    reply = client.request('POST', f'/api/records/{ids[0]}/mark', body, {'Content-Type': 'application/json'})
    assert reply.status == 400 and 'JSON' in reply.json['error']


def test_only_inspected_pictures_are_marked(site: object, client: Client) -> None:
    site.worker.free.clear()
    waiting = client.send('/api/detect?wait=0', [('a.png', png())]).json['id']
    assert client.post(f'/api/records/{waiting}/mark', dict(mark='good')).status == 409


def test_unknown_records_are_404_in_words(client: Client) -> None:
    for path in (f'/api/records/{uuid.uuid4()}', '/api/records/7', f'/media/{uuid.uuid4()}/view',
                 f'/media/{uuid.uuid4()}/original', '/api/nothing'):
        assert client.get(path).status == 404
    assert client.get(f'/api/records/{uuid.uuid4()}').json['error']
    assert client.get('/api/nothing').json['error']
