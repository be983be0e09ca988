"""Uploads from outside: what is answered, what is kept."""
from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.db import OperationalError

from mminspect.station import intake
from mminspect.vision.images import encode_png
from station_site import Client, Site, eventually, png


def test_one_picture_is_answered_with_its_result(client: Client, media: Path) -> None:
    data = png(228)
    reply = client.send('/api/detect', [('C:\\parts\\bolt 7.png', data)])
    record = reply.json
    assert reply.status == 200
    assert record['score'] == pytest.approx(100 / 128)
    assert record['is_defect'] is True and record['threshold'] == 0.5
    assert record['model'] == 'difference' and record['ms'] == 5.0 and record['name'] == 'bolt 7.png'
    assert record['boxes'] == [dict(box=[10.0, 8.0, 30.0, 20.0], score=pytest.approx(100 / 128), label='defect')]
    for key in ('map_url', 'overlay_url', 'view_url', 'thumb_url'):
        assert client.get(record[key]).headers['Content-Type'].startswith('image/')
    assert client.get(record['original_url']).body == data
    assert [path.read_bytes() for path in media.rglob('original*')] == [data]


def test_several_pictures_keep_their_order_and_bad_ones_stop_nobody(client: Client) -> None:
    reply = client.send('/api/detect', [('a.png', png(128)), ('b.png', b'no picture'), ('c.png', png(255))])
    good, bad, defect = reply.json['results']
    assert reply.status == 200
    assert (good['is_defect'], defect['is_defect']) == (False, True)
    assert 400 <= bad['status'] < 500 and 'b.png' in bad['error'] and bad['name'] == 'b.png'
    assert client.get('/api/records').json['count'] == 2


def test_without_waiting_the_picture_is_kept_and_waits(site: Site, client: Client, media: Path) -> None:
    site.worker.free.clear()
    reply = client.send('/api/detect?wait=0', [('a.png', png(255))])
    record = reply.json
    assert reply.status == 202 and record['state'] == 'waiting'
    assert record['score'] is None and record['is_defect'] is None and record['overlay_url'] is None
    assert len(list(media.rglob('original.png'))) == 1
    site.worker.free.set()
    assert client.wait_for(record['id'])['is_defect'] is True


def test_an_answer_does_not_wait_longer_than_asked(site: Site, client: Client) -> None:
    site.worker.free.clear()
    assert client.send('/api/detect?wait=0.2', [('a.png', png())]).status == 202
    site.worker.free.set()


def test_more_uploads_than_the_worker_takes_are_all_inspected_once(site: Site) -> None:
    """Room for 2, 24 uploads by 6 clients."""
    site.worker.free.clear()
    ids: list[str] = []

    def send() -> None:
        client = site.client()
        ids.extend(client.send('/api/detect?wait=0', [('a.png', png(128 + i))]).json['id'] for i in range(4))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    site.worker.free.set()
    client = site.client()
    eventually(lambda: client.get('/api/status').json['waiting'] == 0)
    assert sorted(site.worker.seen) == sorted(ids) and len(set(ids)) == 24


def test_sending_the_same_id_again_adds_nothing(site: Site, client: Client) -> None:
    chosen = str(uuid.uuid4())
    first = client.send('/api/detect', [('a.png', png(255))], id=chosen).json
    again = client.send('/api/detect', [('a.png', png(128))], id=chosen).json
    assert first['id'] == chosen and again['score'] == first['score']
    assert client.get('/api/records').json['count'] == 1 and site.worker.seen == [chosen]


def test_pictures_of_one_name_are_told_apart_by_their_folders(client: Client) -> None:
    kept = [client.send('/api/detect', [('a.png', data)], folder=folder).json
            for folder, data in (('good', png()), ('line 3/bad', b'no picture'), ('../../etc', png()))]
    assert [record['name'] for record in kept] == ['good/a.png', 'line 3/bad/a.png', 'etc/a.png']
    assert {record['name'] for record in client.get('/api/records').json['records']} == {'good/a.png', 'etc/a.png'}
    reply = client.send('/api/detect', [('a.png', png()), ('b.png', png())], folder='good')
    assert reply.status == 400 and '1 fields "folder" came with 2 files' in reply.json['error']


def test_a_picture_that_the_model_cannot_inspect_says_why(client: Client) -> None:
    record = client.send('/api/detect', [('a.png', encode_png(np.full((9, 9, 3), 13, np.uint8)))]).json
    assert record['state'] == 'failed' and record['error'] == 'the picture is unlucky' and record['is_defect'] is None


@pytest.mark.parametrize(('path', 'fields', 'status'), [
    ('/api/detect', {}, 400), ('/api/detect?wait=soon', {}, 400), ('/api/detect?wait=nan', {}, 400),
    ('/api/detect', dict(id='not-a-uuid'), 400)])
def test_malformed_requests_are_refused_in_words(client: Client, path: str, fields: dict, status: int) -> None:
    files = [('a.png', png())] if fields else []
    reply = client.send(path, files, **fields)
    assert reply.status == status and reply.json['status'] == status and len(reply.json['error']) > 10


@pytest.mark.parametrize(('kind', 'body'), [
    ('multipart/form-data; boundary=x', b'garbage'), ('multipart/form-data', b'--x'), ('text/plain', b'hello'),
    ('application/json', b'{"image": "a.png"}'), ('multipart/form-data; boundary=' + 'x' * 900, b'--')])
def test_bodies_that_are_no_form_are_refused(client: Client, kind: str, body: bytes) -> None:
    reply = client.request('POST', '/api/detect', body, {'Content-Type': kind})
    assert reply.status == 400 and reply.json['error']


def test_too_many_files_are_refused(client: Client, media: Path) -> None:
    reply = client.send('/api/detect', [(f'{i}.png', b'x') for i in range(101)])
    assert reply.status == 413 and 'files' in reply.json['error'] and not media.exists()


def test_ten_thousand_files_in_one_request_are_refused(client: Client, media: Path) -> None:
    reply = client.send('/api/detect', [(f'{i}.png', b'') for i in range(10_000)])
    assert reply.status == 413 and 'send them in several' in reply.json['error'] and not media.exists()


def test_requests_beyond_the_limit_are_asked_to_come_again_and_the_others_answered(site: Site) -> None:
    """All at once; the model waits until the last one has been refused."""
    limit, replies = settings.STATION_MAX_REQUESTS, Counter()
    site.worker.free.clear()

    def send() -> None:
        machine = Client(site.port, token='token-of-the-tests')
        replies[machine.send('/api/detect', [('a.png', png(255))]).status] += 1

    threads = [threading.Thread(target=send) for _ in range(2 * limit)]
    for thread in threads:
        thread.start()
    eventually(lambda: replies[429] >= limit, 15)
    assert site.client().get('/records').status == 200  # people are not locked out
    site.worker.free.set()
    for thread in threads:
        thread.join()
    assert replies == {200: limit, 429: limit}
    assert site.client().get('/api/records').json['count'] == limit


def test_the_name_is_of_no_consequence_for_files(client: Client, media: Path) -> None:
    """Of large ones, too, which Django puts into a file whose name ends as the sender's does."""
    large = encode_png(np.random.default_rng(0).integers(0, 255, (1000, 1000, 3), np.uint8))
    assert len(large) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    for name in (f'a.{"x" * 300}', '../../../etc/passwd', '..\\..\\a.png', 'a.\0png', '\u202egnp.exe', '/etc/a.png'):
        for data in (large, png(255)):
            reply = client.send('/api/detect', [(name, data)])
            assert reply.status == 200, reply.text
            assert len(reply.json['name']) <= 120 and not set(reply.json['name']) & set('/\\\0\u202e')
    assert {path.name for path in media.rglob('*') if path.is_file()} == {
        'original.png', 'view.jpg', 'overlay.jpg', 'heat.png'}
    assert not list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())


def test_many_files_wait_no_longer_than_one(site: Site, client: Client) -> None:
    site.worker.free.clear()
    start = time.monotonic()
    reply = client.send('/api/detect?wait=0.5', [(f'{i}.png', png()) for i in range(8)])
    assert reply.status == 202 and time.monotonic() - start < 3
    site.worker.free.set()


def test_a_database_that_is_locked_is_said_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object, **__: object) -> None:
        raise OperationalError('database is locked')

    monkeypatch.setattr('mminspect.station.records.models.Record.save', locked)
    reply = client.send('/api/detect', [('a.png', png())])
    assert reply.status == 503 and 'database is locked' in reply.json['error'] and 'again' in reply.json['error']


def test_a_full_disk_is_said_so_while_the_form_is_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the protection against foreign pages reads it first."""
    def full(*_: object, **__: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('django.core.files.uploadhandler.TemporaryUploadedFile', full)
    large = bytes(settings.FILE_UPLOAD_MAX_MEMORY_SIZE + 1)
    for sender in (client, Client(client.port, token='token-of-the-tests')):
        reply = sender.send('/api/detect', [('a.png', large)])
        assert reply.status == 507 and 'disk is full' in reply.json['error']


def test_other_methods_are_refused(client: Client) -> None:
    for method in ('GET', 'PUT', 'DELETE', 'OPTIONS'):
        reply = client.request(method, '/api/detect')
        assert reply.status == 405 and 'POST' in reply.headers['Allow'] and 'POST' in reply.json['error']


def test_a_picture_that_takes_long_to_check_holds_nobody_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, go_on, check = threading.Event(), threading.Event(), intake.check

    def slow(*arguments: object) -> object:
        entered.set()
        go_on.wait(10)
        return check(*arguments)

    monkeypatch.setattr(intake, 'check', slow)
    slow_client, replies = site.client(), []
    thread = threading.Thread(target=lambda: replies.append(slow_client.send('/api/detect', [('a.png', png(255))])))
    thread.start()
    assert entered.wait(5)
    client = site.client()
    for path in ('/', '/api/status', '/records', '/static/station.css'):
        assert client.get(path).status == 200
    assert not replies
    go_on.set()
    thread.join()
    assert replies[0].json['is_defect'] is True


def test_a_full_disk_is_said_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('mminspect.station.records.store.save', full)
    reply = client.send('/api/detect', [('a.png', png())])
    assert reply.status == 507 and 'disk is full' in reply.json['error']
    assert client.get('/api/records').json['count'] == 0


def test_requests_that_are_too_large_are_refused_before_they_are_read(client: Client) -> None:
    reply = client.request('POST', '/api/detect', headers={
        'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': str(settings.STATION_MAX_REQUEST + 1),
        'Expect': '100-continue'})
    assert reply.status == 413 and reply.json['error']
    assert client.request('POST', '/api/threshold', b'x' * (2**20 + 1)).status == 413
