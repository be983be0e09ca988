"""What mminspect station does: prepare the data folder, then serve until Ctrl-C."""
from __future__ import annotations

import errno
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from getpass import getpass
from pathlib import Path

import django
import uvicorn

from mminspect.core import system
from mminspect.core.errors import UserError

from . import environment
from .server import configuration, listen


def prepare(data: Path, model: str | None, config: str | None, host: str, sources: Sequence[str],
            runtime: str | None = None, precision: str | None = None, imports: Sequence[str] = ()) -> None:
    """Set the environment of Django's settings and bring the database up to date.

    Args:
        data: Folder of the station.
        model: File of the model; None where only the database is needed.
        config: File of a checkpoint's config; None: the config in the checkpoint.
        host: Address to listen at.
        sources: Texts for :func:`mminspect.station.sources.open_source`.
        runtime: What runs the model, see :func:`mminspect.inspection.load_inspector`.
        precision: Number format of the runtime, see there too.
        imports: Modules that register further kinds of sources, or the method of a checkpoint.

    Raises:
        UserError: A file is missing, a setting is wrong, or the station would be open to strangers.
    """
    for path in filter(None, (model, config)):
        if not Path(path).is_file():
            raise UserError(f"'{path}' does not exist: give an exported model or a checkpoint with --model, and with "
                            '--config a file that exists')
    given = dict(STATION_DATA=data.absolute(), STATION_MODEL=model and Path(model).absolute(),
                 STATION_CONFIG=config and Path(config).absolute(), STATION_HOST=host,
                 STATION_SOURCES='\n'.join(sources), STATION_RUNTIME=runtime, STATION_PRECISION=precision,
                 STATION_IMPORT=','.join(imports))
    os.environ.update({name: str(value) for name, value in given.items() if value})
    os.environ['DJANGO_SETTINGS_MODULE'] = 'mminspect.station.settings'
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    tempfile.tempdir = str(settings.FILE_UPLOAD_TEMP_DIR)  # bodies of requests: the data folder has room for pictures
    check_sources(sources)
    with full_disk_told(settings.STATION_DATA):
        call_command('migrate', verbosity=0, interactive=False)


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Raise OSError, no space left in the folder, where the database says the same in words of its own."""
    from django.db import OperationalError

    from .replies import is_full
    try:
        yield
    except OperationalError as error:
        if is_full(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
        raise


def check_sources(sources: Sequence[str]) -> None:
    """Make sure that sources can be opened, unless they may be plugged in later, and that the pre-screening is known.

    Args:
        sources: Texts for :func:`mminspect.station.sources.open_source`.

    Raises:
        UserError: A source can never work, a module with sources cannot be imported, or a setting is unknown.
    """
    from django.conf import settings

    from mminspect.station.sources.registry import find_source, import_sources, open_source

    from .prescreen import PrescreenSettings
    try:
        PrescreenSettings(**settings.STATION_PRESCREEN)
    except TypeError as error:
        known = ', '.join(field.name for field in fields(PrescreenSettings))
        raise UserError(f'STATION_PRESCREEN knows {known}, got {", ".join(settings.STATION_PRESCREEN)}') from error
    import_sources(settings.STATION_IMPORT, sources)
    for source in sources:
        source_class, _ = find_source(source)
        if not source_class.may_be_absent:
            open_source(source).close()


def add_user(name: str) -> None:
    """Make a user, or give one another password: from STATION_PASSWORD, or typed."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    password = os.environ.get('STATION_PASSWORD') or getpass(f'password of {name}: ')
    user = User.objects.filter(username=name).first() or User(username=name)
    try:
        user.full_clean(exclude=['password'])
        validate_password(password, user)
    except ValidationError as error:
        raise UserError(f'user {name!r} cannot be made: {" ".join(error.messages)}') from error
    user.set_password(password)
    with full_disk_told(settings.STATION_DATA):
        user.save()
    print(f'user {name} can log in')


def serve(port: int) -> None:
    """Serve until Ctrl-C or SIGTERM; the address is printed when the model runs.

    Raises:
        UserError: The port or the data folder is taken, people would have to log in and there is nobody who could, or
            the model cannot be loaded.
    """
    from django.conf import settings
    from django.contrib.auth.models import User
    if settings.STATION_LOGIN and not User.objects.filter(is_active=True).exists():
        raise UserError(f'beyond this machine the station needs a user: make one with --data {settings.STATION_DATA} '
                        '--add-user NAME and start it again')
    environment.lock_folder(settings.STATION_DATA)()  # the application keeps it: here for a word before the address
    for lack in system.missing():
        print(f'station: {lack}', flush=True)
    listener = listen(settings.STATION_HOST, port)
    from .asgi import application
    logging.getLogger('uvicorn.error').handlers = [logging.StreamHandler(sys.stderr)]
    server = uvicorn.Server(configuration(application))
    application.end = partial(setattr, server, 'should_exit', True)
    threading.Thread(target=_announce, args=(server, listener.getsockname()[1]), daemon=True).start()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)  # uvicorn repeats the signal behind its own clean end
    server.run(sockets=[listener])
    if application.refusal:
        raise UserError(application.refusal)
    if not server.started:
        raise UserError('the station could not start: the lines above say why')
    print('station: ended', flush=True)


def _announce(server: uvicorn.Server, port: int) -> None:
    """Say the address, when it is known whether the model can be loaded: what cannot start says nothing else."""
    from django.conf import settings

    from .asgi import application
    while not (application.line and (application.line.model or application.line.failure)):
        if server.should_exit or application.refusal:
            return
        time.sleep(0.05)
    if application.refusal:
        return
    host, who = settings.STATION_HOST, 'users log in' if settings.STATION_LOGIN else \
        'open to this machine alone, without a login'
    shown = 'localhost' if environment.is_loopback(host) or host in ('0.0.0.0', '::') else host
    print(f'station: http://{shown}:{port}/   ({who}; data in {settings.STATION_DATA}; Ctrl-C ends it)', flush=True)
