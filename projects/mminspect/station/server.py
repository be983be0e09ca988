"""How the web server listens, and the limits that its public options set.

What they cannot do is the work of a proxy in front of the station, see docs/station.md: connections that never send a
whole head, and many connections of one address.
"""
from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

from mminspect.core import system
from mminspect.core.errors import UserError

if TYPE_CHECKING:
    from .application import Application

#: Bytes of the largest message that a websocket takes, and messages that wait in it.
MESSAGE_BYTES, WAITING_MESSAGES = 32 * 2**20, 4
#: Bytes of the largest head of a request.
HEAD_BYTES = 2**14
#: Seconds that a connection may be silent behind an answer; between the pings of a websocket, and that it has to
#: answer one; that open requests get when the station ends.
KEEP_ALIVE_SECONDS, PING_SECONDS, SHUTDOWN_SECONDS = 5, 10, 5
#: Seconds after which the system drops a connection whose other side takes nothing of what was sent. The server answers
#: every ping of a websocket, also where nobody reads the answers: who does not reads no ping either, is given up after
#: two :data:`PING_SECONDS`, and dropped by this.
UNREAD_SECONDS = 60
#: Files that the process wants to have open, connections among them.
OPEN_FILES = 2**15


def connection_limit() -> int:
    """Connections at a time: half of the open files that the system allows; database and pictures need theirs."""
    return system.allow_open_files(OPEN_FILES) // 2


def configuration(application: Application) -> uvicorn.Config:
    """How the server is to behave: it believes no proxy's headers and does not say what it is.

    Requests beyond :func:`connection_limit` are answered with 503. JPEG frames do not become smaller by compression.

    Args:
        application: The station.
    """
    connections = connection_limit()
    return uvicorn.Config(
        application, lifespan='on', log_config=None, access_log=False, server_header=False, proxy_headers=False,
        http='h11', h11_max_incomplete_event_size=HEAD_BYTES, limit_concurrency=connections,
        backlog=min(2048, connections // 4), timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS, ws_max_size=MESSAGE_BYTES, ws_max_queue=WAITING_MESSAGES,
        ws_per_message_deflate=False, ws_ping_interval=PING_SECONDS, ws_ping_timeout=PING_SECONDS)


def listen(host: str, port: int) -> socket.socket:
    """A socket that is bound there.

    Args:
        host: Name or address of this machine.
        port: 0 to 65535; 0: any that is free.

    Raises:
        UserError: The port is taken, or the address is not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, 'TCP_USER_TIMEOUT'):  # of Linux; connections inherit it
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * UNREAD_SECONDS)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        raise UserError(f'the station cannot listen at {host}:{port} ({error}): choose another --host or --port'
                        ) from error
    return listener
