"""What the station reads from environment variables and from its data folder."""
from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mminspect.core import system
from mminspect.core.errors import UserError
from mminspect.core.outputs import check_output_folder

_ENGINES = dict(sqlite='sqlite3', postgres='postgresql', postgresql='postgresql', mysql='mysql', oracle='oracle')
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK = ('127.0.0.1', 'localhost', '[::1]')


def flag(name: str) -> bool:
    """Whether a variable is 1."""
    value = os.environ.get(name, '')
    if value not in ('', '0', '1'):
        raise UserError(f'{name} must be 0 or 1, got {value!r}')
    return value == '1'


def number(name: str, default: int) -> int:
    """A variable as a positive number."""
    value = os.environ.get(name) or str(default)
    if not value.isascii() or not value.isdecimal() or int(value) < 1:
        raise UserError(f'{name} must be a whole number above 0, got {value!r}')
    return int(value)


def words(name: str) -> list[str]:
    """A variable as a list: words between commas."""
    return [word.strip() for word in os.environ.get(name, '').split(',') if word.strip()]


def lines(name: str) -> list[str]:
    """A variable as a list: lines."""
    return [line.strip() for line in os.environ.get(name, '').splitlines() if line.strip()]


def numbers(name: str) -> dict[str, float | bool]:
    """A variable as numbers by name: ``enabled=1,blur=20``."""
    try:
        pairs = [word.split('=') for word in words(name)]
        return {key.strip(): float(value) for key, value in pairs}
    except ValueError as error:
        raise UserError(f'{name} must look like enabled=1,blur=20, got {os.environ[name]!r}') from error


def networks(name: str, default: Iterable[str]) -> tuple[Network, ...]:
    """A variable as addresses and networks between commas; 'none' for no one."""
    given = words(name) or list(default)
    try:
        return tuple(ipaddress.ip_network(word, strict=False) for word in given if given != ['none'])
    except ValueError as error:
        raise UserError(f'{name} must look like 10.0.0.5,192.168.1.0/24 or none, got {os.environ[name]!r}') from error


def make_folder(folder: Path) -> None:
    """A data folder, for this user only where it is new.

    Raises:
        UserError: It or one above it is a file or a link to nothing, or nothing can be written there.
    """
    check_output_folder(folder, '--data')
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def keep_private(database: Mapping[str, Any]) -> None:
    """Give the file of a database, and what SQLite keeps beside it, to this user alone, whatever the folder's rights.

    Raises:
        UserError: The file cannot be there.
    """
    if not database['ENGINE'].endswith('sqlite3'):
        return
    path = Path(database['NAME'])
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # what SQLite makes beside it gets the same rights
        for suffix in ('', '-wal', '-shm', '-journal'):
            with suppress(FileNotFoundError):
                Path(f'{path}{suffix}').chmod(0o600)
    except OSError as error:
        raise UserError(f"the database '{path}' cannot be opened ({error.strerror}): check the folder and its rights, "
                        'or name another one with STATION_DATABASE') from error


def secret(name: str, path: Path) -> str:
    """A variable, or else the content of a file, which is made with random letters and for this user only."""
    if value := os.environ.get(name):
        return value
    if not path.exists():
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')  # mode 600
        with os.fdopen(descriptor, 'w') as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another process was faster: its secret counts
        finally:
            os.unlink(temporary)
    path.chmod(0o600)
    return path.read_text()


def lock_folder(folder: Path) -> Callable[[], None]:
    """Take a data folder for this process, until it ends or calls what is returned.

    Raises:
        UserError: Another station has it: each would take the other's unfinished uploads for remains and delete them.
    """
    try:
        return system.lock(folder / 'lock')
    except system.Locked as error:
        raise UserError(f'another station runs with the data folder {folder}: end it, or give this one another folder '
                        'with --data') from error


def database(url: str, data: Path) -> dict[str, Any]:
    """Django's description of a database.

    Args:
        url: ``postgres://user:password@host:port/name``, likewise mysql and oracle; ``sqlite:///absolute/path``; empty
            for a file in the data folder.

    Raises:
        UserError: The URL names no known database.
    """
    parts = urlsplit(url or f'sqlite://{data / "station.sqlite3"}')
    if parts.scheme not in _ENGINES or not parts.path.strip('/'):
        raise UserError('STATION_DATABASE must look like postgres://user:password@host:5432/name or '
                        'sqlite:///folder/file (mysql and oracle work likewise)')
    engine = f'django.db.backends.{_ENGINES[parts.scheme]}'
    if parts.scheme == 'sqlite':
        # WAL: readers do not wait for a writer. FULL: what is committed survives a power failure. IMMEDIATE: a writer
        # waits at its begin, where the busy timeout counts, not in the middle.
        pragmas = 'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;'
        return dict(ENGINE=engine, NAME=unquote(parts.path),
                    OPTIONS=dict(init_command=pragmas, transaction_mode='IMMEDIATE', timeout=30))
    return dict(ENGINE=engine, NAME=unquote(parts.path.strip('/')), USER=unquote(parts.username or ''),
                PASSWORD=unquote(parts.password or ''), HOST=parts.hostname or '', PORT=str(parts.port or ''))


def is_loopback(address: str) -> bool:
    """Whether an address or the name of a host means this machine alone."""
    if address == 'localhost':
        return True
    try:
        return ipaddress.ip_address(address.strip('[]')).is_loopback
    except ValueError:
        return False


def host_names(bound: str, more: list[str]) -> list[str]:
    """Names under which browsers may address a station that listens at ``bound``."""
    names = [*LOOPBACK, *more]
    if bound in ('0.0.0.0', '::'):
        own = socket.gethostname()
        try:
            addresses = sorted({info[4][0] for info in socket.getaddrinfo(own, None)})
        except OSError:
            addresses = []
        names += [own, *addresses]
    elif not is_loopback(bound):
        names.append(bound)
    return [f'[{name}]' if ':' in name and not name.startswith('[') else name for name in dict.fromkeys(names)]


def time_zone() -> str:
    """Name of the machine's time zone, UTC if it cannot be found out."""
    name = os.environ.get('TZ') or os.path.realpath('/etc/localtime').partition('zoneinfo/')[2]
    return name if Path('/usr/share/zoneinfo', name).is_file() else 'UTC'
