"""Settings from outside: secrets, databases, names of hosts."""
from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from mminspect.core.errors import UserError
from mminspect.station import environment


def test_a_secret_is_made_once_for_this_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / 'secret'
    first = environment.secret('NO_SUCH_SECRET', path)
    assert len(first) >= 50 and environment.secret('NO_SUCH_SECRET', path) == first == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and list(tmp_path.iterdir()) == [path]
    path.chmod(0o644)
    environment.secret('NO_SUCH_SECRET', path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert environment.secret('NO_SUCH_SECRET', tmp_path / 'other') != first
    monkeypatch.setenv('NO_SUCH_SECRET', 'given')
    assert environment.secret('NO_SUCH_SECRET', path) == 'given'


def test_processes_that_start_together_agree_on_a_secret(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(environment.secret('NONE', tmp_path / 'secret')))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


def test_sqlite_is_the_default_and_survives_power_failures(tmp_path: Path) -> None:
    found = environment.database('', tmp_path)
    assert found['ENGINE'] == 'django.db.backends.sqlite3' and found['NAME'] == str(tmp_path / 'station.sqlite3')
    assert 'journal_mode=WAL' in found['OPTIONS']['init_command'] and found['OPTIONS']['timeout'] >= 5
    assert 'synchronous=FULL' in found['OPTIONS']['init_command']


@pytest.mark.parametrize(('url', 'engine', 'name', 'rest'), [
    ('postgres://mira:p%40ss@db.local:5433/line', 'postgresql', 'line',
     dict(USER='mira', PASSWORD='p@ss', HOST='db.local', PORT='5433')),
    ('mysql://root@localhost/parts', 'mysql', 'parts', dict(USER='root', PASSWORD='', HOST='localhost', PORT='')),
    ('sqlite:////data/a%20b.sqlite', 'sqlite3', '//data/a b.sqlite', {})])
def test_any_database_of_django_by_url(url: str, engine: str, name: str, rest: dict, tmp_path: Path) -> None:
    found = environment.database(url, tmp_path)
    assert found['ENGINE'] == f'django.db.backends.{engine}' and found['NAME'] == name
    assert rest.items() <= found.items()


@pytest.mark.parametrize('url', ['postgres://host', 'redis://host/0', 'line', 'http://host/name', '://', 'sqlite://'])
def test_unknown_databases_are_said_so(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match='STATION_DATABASE must look like'):
        environment.database(url, tmp_path)


@pytest.mark.parametrize(('address', 'expected'), [
    ('127.0.0.1', True), ('127.8.9.1', True), ('::1', True), ('[::1]', True), ('localhost', True), ('0.0.0.0', False),
    ('192.168.1.4', False), ('10.0.0.1', False), ('example.org', False), ('', False), ('127.0.0.1.evil.org', False),
    ('localhost.evil.org', False)])
def test_which_addresses_are_this_machine(address: str, expected: bool) -> None:
    assert environment.is_loopback(address) is expected


def test_names_of_the_host() -> None:
    own = ['127.0.0.1', 'localhost', '[::1]']
    assert environment.host_names('127.0.0.1', []) == own
    assert environment.host_names('192.168.1.4', ['qa.plant']) == [*own, 'qa.plant', '192.168.1.4']
    assert environment.host_names('fd00::2', []) == [*own, '[fd00::2]']
    assert '*' not in environment.host_names('0.0.0.0', []) and len(environment.host_names('0.0.0.0', [])) > 3


def test_numbers_flags_and_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('A_SETTING', '12')
    assert environment.number('A_SETTING', 5) == 12 and environment.number('NO_SETTING', 5) == 5
    monkeypatch.setenv('A_SETTING', 'a, b,,')
    assert environment.words('A_SETTING') == ['a', 'b']
    monkeypatch.setenv('A_SETTING', 'enabled=0, blur=2.5')
    assert environment.numbers('A_SETTING') == dict(enabled=0, blur=2.5)
    monkeypatch.setenv('A_SETTING', '1')
    assert environment.flag('A_SETTING') and not environment.flag('NO_SETTING')


@pytest.mark.parametrize(('read', 'value'), [
    (lambda name: environment.number(name, 1), '-3'), (lambda name: environment.number(name, 1), '1e3'),
    (lambda name: environment.number(name, 1), '0'), (environment.flag, 'yes'), (environment.numbers, 'blur'),
    (environment.numbers, 'blur=much')])
def test_nonsense_is_said_so(read: object, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('A_SETTING', value)
    with pytest.raises(UserError, match='A_SETTING must'):
        read('A_SETTING')


def test_a_folder_has_one_station(tmp_path: Path) -> None:
    release = environment.lock_folder(tmp_path)
    with pytest.raises(UserError, match='another station runs'):
        environment.lock_folder(tmp_path)
    release()
    environment.lock_folder(tmp_path)()
