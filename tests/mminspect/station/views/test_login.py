"""Logging in and out, and guessing."""
from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import User

from mminspect.station.views import login
from station_site import Client, Site, logged_in, png


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
    reply = client.submit('/login', username='other', password='wrong')
    assert reply.status == 429 and 0 < int(reply.headers['Retry-After']) <= 12  # slowed down, and not for minutes


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


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Passwords that were compared with a user's."""
    seen: list[str] = []
    usual = AbstractBaseUser.check_password

    def check(user: AbstractBaseUser, password: str) -> bool:
        seen.append(password)
        return usual(user, password)

    monkeypatch.setattr(AbstractBaseUser, 'check_password', check)
    yield seen


@pytest.fixture
def attack(strict: Site) -> Callable[..., list[int]]:
    """Wrong passwords, all at once: attack(headers of each); returns the statuses."""
    def run(*senders: dict[str, str], name: str = 'mira') -> list[int]:
        client = strict.client()
        client.get('/login')
        begin, found = threading.Barrier(len(senders)), []

        def guess(number: int, headers: dict[str, str]) -> None:
            guesser = Client(strict.port, **headers)
            guesser.cookies, guesser.csrf = client.cookies, client.csrf
            begin.wait()
            found.append(guesser.submit('/login', username=name, password=f'guess {number}').status)

        threads = [threading.Thread(target=guess, args=one) for one in enumerate(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(found)

    return run


def enter(site: Site, name: str = 'mira', client: Client | None = None, **headers: str) -> int:
    """Status of a login with the right password: 302 where it succeeds."""
    client = client or site.client(**headers)
    client.get('/login')
    return client.submit('/login', username=name, password='rosebud-17').status


def leave(client: Client) -> None:
    client.get('/')
    assert client.submit('/logout').status == 302
    assert client.get('/').status == 302


def test_sixty_guesses_at_once_are_no_more_than_ten_in_a_row(
        strict: Site, attack: Callable, checked: list[str]) -> None:
    User.objects.create_user('mira', password='rosebud-17')
    assert attack(*[{}] * 60) == [200] * login.TRIES + [429] * (60 - login.TRIES)
    assert len(checked) == len(set(checked)) == login.TRIES


def test_made_up_addresses_are_no_other_addresses(strict: Site, attack: Callable, checked: list[str]) -> None:
    """The proxy adds the last one."""
    User.objects.create_user('mira', password='rosebud-17')
    attack(*({'X-Forwarded-For': f'198.51.100.{number}, 203.0.113.7'} for number in range(60)))
    assert len(checked) == login.TRIES


def test_behind_a_proxy_an_attacker_locks_out_nobody_else(strict: Site, attack: Callable) -> None:
    User.objects.create_user('mira', password='rosebud-17')
    attack(*[{'X-Forwarded-For': '203.0.113.7'}] * 60)
    assert enter(strict, **{'X-Forwarded-For': '203.0.113.7'}) == 429
    assert enter(strict, **{'X-Forwarded-For': '198.51.100.4'}) == 302


def test_many_addresses_are_slowed_down_and_who_has_been_there_gets_in(
        strict: Site, attack: Callable, checked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, 'SLOW', 6000)  # on a slow machine, too, none comes back while this runs
    client = logged_in(strict)
    leave(client)
    checked.clear()
    statuses = attack(*({'X-Forwarded-For': f'198.51.100.{number}'} for number in range(70)))
    assert statuses.count(200) == len(checked) == login.TRIES_OF_NAME
    slowed = strict.client(**{'X-Forwarded-For': '203.0.113.7'})
    slowed.get('/login')
    reply = slowed.submit('/login', username='mira', password='rosebud-17')
    assert reply.status == 429 and 0 < int(reply.headers['Retry-After']) <= login.SLOW / login.TRIES_OF_NAME
    assert enter(strict, client=client) == 302


def test_all_strangers_together_are_slowed_down(
        strict: Site, attack: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each password takes time of the processor, whatever its name and address."""
    monkeypatch.setattr(login, 'TRIES_OF_ALL', 20)
    monkeypatch.setattr(login, 'SLOW_OF_ALL', 6000)
    for part in range(3):
        attack(*({'X-Forwarded-For': f'198.51.{part}.{number}'} for number in range(6)), name=f'name{part}')
    assert attack(*({'X-Forwarded-For': f'203.0.113.{number}'} for number in range(12))) == [200] * 2 + [429] * 10
    client = strict.client(**{'X-Forwarded-For': '192.0.2.9'})
    client.get('/login')
    assert 0 < int(client.submit('/login', username='a', password='b').headers['Retry-After']) <= 300


def test_a_known_browser_has_an_end_of_guessing_too(strict: Site, checked: list[str]) -> None:
    client = logged_in(strict)
    leave(client)
    checked.clear()
    client.get('/login')
    for number in range(30):
        client.submit('/login', username='mira', password=f'guess {number}')
    assert len(checked) == 2 * login.TRIES  # its own, then those of any stranger at this address


def test_a_known_browser_is_known_for_its_user_alone(strict: Site, checked: list[str]) -> None:
    client = logged_in(strict)
    name = next(name for name in client.cookies if name.startswith(login.KNOWN_BROWSER))
    assert client.cookies[name]['httponly'] and client.cookies[name]['path'] == '/login'
    leave(client)
    User.objects.create_user('olga', password='rosebud-17')
    checked.clear()
    client.cookies[f'{login._cookie("olga")}'] = client.cookies[name].value  # renamed by its owner
    client.get('/login')
    for number in range(30):
        client.submit('/login', username='olga', password=f'guess {number}')
    assert len(checked) == login.TRIES


def test_several_users_of_one_browser_stay_known(strict: Site) -> None:
    client = logged_in(strict)
    leave(client)
    User.objects.create_user('olga', password='rosebud-17')
    assert enter(strict, 'olga', client) == 302
    assert len([name for name in client.cookies if name.startswith(login.KNOWN_BROWSER)]) == 2


def test_names_that_the_form_takes_for_one_are_one(strict: Site, checked: list[str]) -> None:
    """Spaces are cut off, and letters of full width are plain ones."""
    User.objects.create_user('mira', password='rosebud-17')
    client = strict.client()
    client.get('/login')
    names = ('mira', ' mira', 'mira  ', '\uff4dira')
    for number in range(24):
        client.submit('/login', username=names[number % 4], password=f'guess {number}')
    assert len(checked) == login.TRIES


def test_a_right_password_costs_nothing(strict: Site) -> None:
    User.objects.create_user('mira', password='rosebud-17')
    assert [enter(strict) for _ in range(login.TRIES_OF_ADDRESS + 5)] == [302] * (login.TRIES_OF_ADDRESS + 5)
