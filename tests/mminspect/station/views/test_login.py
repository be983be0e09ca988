"""Logging in and out, and guessing."""
from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import User

from station_site import Site, logged_in, png


def test_users_log_in_and_out(strict: Site) -> None:
    client = logged_in(strict)
    page = client.get('/')
    assert page.status == 200 and 'Log out mira' in page.text
    record = client.send('/api/detect', [('a.png', png(255))]).json
    assert client.post(f'/api/records/{record["id"]}/mark', dict(mark='defect')).status == 200
    assert 'by mira' in client.get(record['url']).text
    assert client.post('/api/threshold', dict(value=0.3)).json['by'] == 'mira'
    assert client.submit('/logout').status == 302 and client.get('/api/records').status == 401


def test_the_session_cookie_is_kept_from_scripts_and_foreign_pages(strict: Site) -> None:
    morsel = logged_in(strict).cookies['sessionid']
    assert morsel['httponly'] and morsel['samesite'] == 'Lax'


def test_wrong_passwords_are_refused_and_guessing_is_slowed_down(strict: Site) -> None:
    client = logged_in(strict, password='wrong')
    assert client.get('/api/records').status == 401
    for _ in range(9):
        assert 'is wrong' in client.submit('/login', username='mira', password='wrong').text
    reply = client.submit('/login', username='mira', password='rosebud-17')
    assert reply.status == 429 and 'wait' in reply.text


def test_login_leads_to_own_pages_only(strict: Site) -> None:
    User.objects.create_user('mira', password='rosebud-17')
    client = strict.client()
    client.get('/login')
    reply = client.submit('/login', username='mira', password='rosebud-17', next='https://elsewhere.example/')
    assert reply.status == 302 and reply.headers['Location'] == '/'


def test_who_guesses_does_not_lock_everybody_out(strict: Site) -> None:
    User.objects.create_user('mira', password='rosebud-17')
    client = strict.client()
    client.get('/login')
    for number in range(11):
        client.submit('/login', username=f'name{number}', password='wrong')
    other = strict.client()
    other.get('/login')
    assert other.submit('/login', username='mira', password='rosebud-17').status == 302
    for number in range(40):
        client.submit('/login', username=f'name{number}', password='wrong')
    assert client.submit('/login', username='other', password='wrong').status == 429


def test_the_pause_has_an_end(strict: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mminspect.station.views.login.PAUSE', 2)
    client = logged_in(strict, password='wrong')
    for _ in range(9):
        client.submit('/login', username='mira', password='wrong')
    assert client.submit('/login', username='Mira', password='rosebud-17').status == 429  # in whatever letters
    time.sleep(2.1)
    assert client.submit('/login', username='mira', password='rosebud-17').status == 302


def test_who_types_the_address_of_the_logout_is_told_how(strict: Site) -> None:
    client = logged_in(strict)
    reply = client.get('/logout')
    assert reply.status == 405 and reply.headers['Allow'] and 'GET does not work here' in reply.text
    assert client.get('/api/records').status == 200  # a foreign page's picture with this address logs nobody out
