"""Who may do what: this machine, strangers, users, machines with the token, foreign pages."""
from __future__ import annotations

import json
import threading
import uuid
from collections import Counter
from socket import create_connection

import pytest
from django.test import override_settings
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mminspect.station import access
from station_site import Client, Site, logged_in, png

TOKEN = 'token-of-the-tests'
SOME = uuid.UUID(int=7)
PAGES = ('/', '/live', '/records', '/records.csv', f'/records/{SOME}', '/scores')
READ = ('/api/records', f'/api/records/{SOME}', '/api/threshold', '/api/scores', '/api/status', f'/media/{SOME}/view',
        f'/media/{SOME}/original', '/api/detect')
WRITE = ('/api/detect', f'/api/records/{SOME}/mark', '/api/threshold')


@pytest.fixture(autouse=True)
def camera(site: Site) -> None:
    """There is something to watch, so that a refusal has another reason; anybody at this machine may."""
    site.line.camera('live1')
    with connect(f'ws://127.0.0.1:{site.port}/ws/stream/live1') as socket:
        assert json.loads(socket.recv(5))['type'] == 'hello'


def test_beyond_localhost_everything_needs_a_login(strict: Site) -> None:
    client = strict.client()
    for path in PAGES:
        reply = client.get(path)
        assert reply.status == 302 and reply.headers['Location'].startswith('/login?next='), path
    for path in READ:
        if path.startswith('/api'):
            reply = client.get(path)
            assert reply.status == 401 and reply.json['error'] == 'log in first', path
        else:
            assert client.get(path).status == 302, path
    for path in WRITE:
        assert client.post(path).status == 401, path
    with pytest.raises(InvalidStatus, match='403'), connect(f'ws://127.0.0.1:{strict.port}/ws/stream/live1'):
        pass
    assert client.get('/login').status == 200 and client.get('/static/station.css').status == 200


@pytest.mark.parametrize('header', ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via', 'X-Forwarded-Proto'])
def test_behind_a_proxy_everything_needs_a_login(site: Site, header: str) -> None:
    client = site.client(**{header: '127.0.0.1'})
    assert client.get('/').status == 302 and client.get('/api/records').status == 401
    with pytest.raises(InvalidStatus, match='403'), \
            connect(f'ws://127.0.0.1:{site.port}/ws/stream/live1', additional_headers={header: '127.0.0.1'}):
        pass


@pytest.mark.parametrize('strictly', [False, True])
def test_foreign_pages_change_nothing(site: Site, strictly: bool) -> None:
    """A browser sends its cookies along with the form of a foreign page, but that page does not know the token."""
    with override_settings(STATION_LOGIN=strictly):
        client = logged_in(site)
        client.get('/')
        for path in WRITE:
            client.csrf = ''
            reply = client.send(path, [('a.png', png())], value='0', mark='good')
            assert reply.status == 403 and 'CSRF' in reply.json['error'], path
        for path in ('/login', '/logout', f'/records/{SOME}'):
            client.csrf = ''  # it cannot read the answers either
            assert client.send(path, [], mark='good').status == 403, path
        client.csrf = 'x' * 64
        assert client.post('/api/threshold', dict(value=0)).status == 403
        assert client.get('/api/records').json['count'] == 0


def test_other_names_of_the_host_are_refused(site: Site) -> None:
    """A name of a foreign page that was bound to 127.0.0.1 in the meantime."""
    reply = site.client().get('/api/records', Host='evil.example')
    assert reply.status == 400 and reply.json['error']
    with create_connection(('127.0.0.1', site.port)) as raw, pytest.raises(InvalidStatus, match='403'), \
            connect(f'ws://evil.example:{site.port}/ws/stream/live1', sock=raw):
        pass


def test_foreign_pages_watch_nothing(site: Site) -> None:
    for origin in ('http://evil.example', 'null', f'http://127.0.0.1:{site.port + 1}'):
        with pytest.raises(InvalidStatus, match='403'), \
                connect(f'ws://127.0.0.1:{site.port}/ws/stream/live1', origin=origin):
            pass
    with connect(f'ws://127.0.0.1:{site.port}/ws/stream/live1', origin=f'http://127.0.0.1:{site.port}') as socket:
        assert json.loads(socket.recv(5))['type'] == 'hello'


def test_users_watch(strict: Site) -> None:
    cookie = f'sessionid={logged_in(strict).cookies["sessionid"].value}'
    with connect(f'ws://127.0.0.1:{strict.port}/ws/stream/live1', additional_headers=dict(Cookie=cookie)) as socket:
        assert json.loads(socket.recv(5))['type'] == 'hello'


def test_machines_with_the_token_send_pictures_and_read(strict: Site) -> None:
    machine = strict.client(token=TOKEN)
    record = machine.send('/api/detect', [('a.png', png(255))]).json
    assert record['is_defect'] is True
    for path in (*READ[:1], *READ[2:5], record['url'].replace('/records/', '/api/records/'), record['overlay_url'],
                 '/records.csv'):
        assert machine.get(path).status == 200, path


def test_the_token_does_not_make_an_operator(site: Site) -> None:
    machine = site.client(token=TOKEN)
    for path in WRITE[1:]:
        reply = machine.post(path, dict(mark='good', value=1))
        assert reply.status == 401 and 'token' in reply.json['error'], path
    for path in PAGES:
        assert machine.get(path).status == (200 if path == '/records.csv' else 401), path


@pytest.mark.parametrize('header', ['Bearer wrong', 'Bearer', 'bearer x', 'Bearer \xfc\xfc', f'Bearer {TOKEN}x',
                                    f'Bearer{TOKEN}'])
def test_a_wrong_token_is_refused_even_at_home(site: Site, header: str) -> None:
    reply = site.client().request('GET', '/api/records', headers=dict(Authorization=header.encode('latin1')))
    assert reply.status == 401 and reply.headers['WWW-Authenticate'] == 'Bearer'


def test_another_kind_of_authorization_opens_nothing(strict: Site) -> None:
    reply = strict.client().get('/api/records', Authorization=f'Basic {TOKEN}')
    assert reply.status == 401
    assert strict.client().get('/api/ingest/line', Authorization=f'Basic {TOKEN}').status == 401


def test_ingest_needs_the_token_even_at_home(site: Site) -> None:
    client = site.client()
    reply = client.send('/api/ingest/line', [('a.png', png())])
    assert reply.status == 401 and 'token' in reply.json['error']
    for headers in ({}, dict(Authorization='Bearer wrong')):
        with pytest.raises(InvalidStatus, match='403'), \
                connect(f'ws://127.0.0.1:{site.port}/ws/ingest/line', additional_headers=headers):
            pass


@pytest.mark.parametrize('headers', [{}, dict(Cookie='sessionid=' + 'x' * 32), dict(Cookie='sessionid=; a=\x01'),
                                     dict(Authorization='Bearer wrong')])
def test_pictures_of_strangers_are_not_taken_from_the_wire(strict: Site, headers: dict) -> None:
    """Else anybody could fill the disk with what is refused afterwards."""
    body = b'x' * 1000
    raw = f'POST /api/detect HTTP/1.1\r\nHost: 127.0.0.1:{strict.port}\r\nContent-Length: {10 * len(body)}\r\n'
    raw += 'Content-Type: multipart/form-data; boundary=x\r\nExpect: 100-continue\r\n'
    with create_connection(('127.0.0.1', strict.port)) as sender:
        sender.settimeout(10)
        sender.sendall((raw + ''.join(f'{name}: {value}\r\n' for name, value in headers.items()) + '\r\n').encode())
        assert sender.recv(2**16).startswith(b'HTTP/1.1 401')  # and not 100
    assert strict.client(token=TOKEN).send('/api/detect', [('a.png', png())]).status == 200


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Tokens that were compared with the station's; on a slow machine, too, no try comes back meanwhile."""
    monkeypatch.setattr(access, 'TOKEN_SECONDS', 10_000)
    seen: list[bytes] = []
    usual = access.secrets.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        seen.append(one)
        return usual(one, other)

    monkeypatch.setattr(access.secrets, 'compare_digest', compare)
    return seen


@pytest.mark.parametrize('path', ['/api/records', '/api/detect'])
def test_wrong_tokens_are_limited_however_many_come_at_once(strict: Site, compared: list[bytes], path: str) -> None:
    begin, statuses = threading.Barrier(60), Counter()

    def guess(number: int) -> None:
        client = strict.client(token=f'guess-{number}')
        begin.wait()
        reply = client.send(path, [('a.png', png())]) if path == '/api/detect' else client.get(path)
        statuses[reply.status] += 1

    threads = [threading.Thread(target=guess, args=(number, )) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {token for token in compared if token.startswith(b'guess')} == set(compared)
    assert len(compared) == access.TOKEN_TRIES and statuses == {401: access.TOKEN_TRIES, 429: 60 - access.TOKEN_TRIES}
    reply = strict.client(token='guess').get('/api/records')
    assert reply.status == 429 and 'too many wrong tokens: wait' in reply.json['error']


def test_who_guesses_tokens_shuts_no_machine_out(strict: Site) -> None:
    """Neither one elsewhere, nor at once one at the same address that has shown the right token before."""
    near = {'X-Forwarded-For': '203.0.113.8'}
    assert Client(strict.port, TOKEN, **near).get('/api/records').status == 200
    for number in range(access.TOKEN_TRIES + 5):
        Client(strict.port, f'guess-{number}', **near).get('/api/records')
        Client(strict.port, f'guess-{number}', **{'X-Forwarded-For': '203.0.113.7'}).get('/api/records')
    assert Client(strict.port, TOKEN, **{'X-Forwarded-For': '203.0.113.7'}).get('/api/records').status == 429
    for headers in (near, {'X-Forwarded-For': '198.51.100.4'}):
        assert Client(strict.port, TOKEN, **headers).get('/api/records').status == 200


def test_right_tokens_are_never_too_many(strict: Site) -> None:
    statuses: Counter[int] = Counter()

    def ask() -> None:
        for _ in range(5):
            statuses[Client(strict.port, TOKEN).get('/api/records').status] += 1

    threads = [threading.Thread(target=ask) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {200: 120}


def test_wrong_tokens_of_websockets_are_counted_too(site: Site) -> None:
    for number in range(access.TOKEN_TRIES + 2):
        with pytest.raises(InvalidStatus, match='403'), connect(
                f'ws://127.0.0.1:{site.port}/ws/ingest/line',
                additional_headers=dict(Authorization=f'Bearer guess-{number}')):
            pass
    assert site.client(token='guess').get('/api/records').status == 429
