"""Settings from outside: secrets, databases, names of hosts."""
from __future__ import annotations

import errno
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Iterator
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


@pytest.fixture
def careless() -> Iterator[None]:
    """A user whose files everybody may change."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize('known', [False, True])
def test_a_database_and_what_lies_beside_it_is_for_this_user_alone(tmp_path: Path, careless: None, known: bool) -> None:
    """Whatever the rights of the folder are, and those of a file that an earlier version has made."""
    tmp_path.chmod(0o777)
    described = environment.database('', tmp_path)
    path = tmp_path / 'station.sqlite3'
    if known:
        for suffix in ('', '-wal', '-shm', '-journal'):
            Path(f'{path}{suffix}').touch(0o666)
        assert mode(path) == 0o666
    environment.keep_private(described)
    opened = sqlite3.connect(path)
    opened.executescript(described['OPTIONS']['init_command'] + 'CREATE TABLE a (b); INSERT INTO a VALUES (1);')
    names = {found.name for found in tmp_path.iterdir()}
    assert names >= {'station.sqlite3', 'station.sqlite3-wal', 'station.sqlite3-shm'}
    assert {name: mode(tmp_path / name) for name in names} == dict.fromkeys(names, 0o600)
    opened.close()


def test_secrets_are_for_this_user_alone_whatever_is_usual(tmp_path: Path, careless: None) -> None:
    tmp_path.chmod(0o777)
    environment.secret('NO_SUCH_SECRET', tmp_path / 'secret')
    environment.lock_folder(tmp_path)()
    assert [mode(tmp_path / name) for name in ('secret', 'lock')] == [0o600, 0o600]


def test_other_databases_have_no_file(tmp_path: Path) -> None:
    environment.keep_private(environment.database('postgres://mira@db.local/line', tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_database_that_cannot_be_there_is_said_so(tmp_path: Path) -> None:
    for url in (f'sqlite:///{tmp_path}/no/such/folder.sqlite3', f'sqlite:///{tmp_path}'):
        with pytest.raises(UserError, match=r'the database .* cannot be opened'):
            environment.keep_private(environment.database(url, tmp_path))


def test_a_data_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    environment.make_folder(tmp_path / 'a/b')
    environment.make_folder(tmp_path / 'a/b')
    assert mode(tmp_path / 'a/b') == 0o700 and not list((tmp_path / 'a/b').iterdir())


@pytest.mark.parametrize(('name', 'why'), [
    ('file', 'is a file: name a folder'), ('file/below', 'is a file: name a folder'), ('link', 'is a link to nothing'),
    ('/proc', "'/proc' takes no file"), ('/proc/none', "'/proc' takes no file")])
def test_a_data_folder_that_cannot_be_one_is_said_so(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / 'file').touch()
    (tmp_path / 'link').symlink_to(tmp_path / 'nowhere')
    with pytest.raises(UserError, match=rf'--data .*{name} cannot be written: .*{why}.* choose another with --data'):
        environment.make_folder(tmp_path / name)


def test_a_full_disk_is_no_wrong_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(tempfile, 'NamedTemporaryFile', full)
    with pytest.raises(OSError, match='No space'):
        environment.make_folder(tmp_path)


def test_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [str(one) for one in environment.networks('NO_SETTING', ['::1'])] == ['::1/128']
    monkeypatch.setenv('A_SETTING', '10.0.0.5, 192.168.1.7/24')
    assert [str(one) for one in environment.networks('A_SETTING', ['::1'])] == ['10.0.0.5/32', '192.168.1.0/24']
    monkeypatch.setenv('A_SETTING', 'none')
    assert environment.networks('A_SETTING', ['::1']) == ()
    for wrong in ('proxy.plant', '10.0.0.5/99', '10.0.0.5,none'):
        monkeypatch.setenv('A_SETTING', wrong)
        with pytest.raises(UserError, match='A_SETTING must look like 10'):
            environment.networks('A_SETTING', [])
