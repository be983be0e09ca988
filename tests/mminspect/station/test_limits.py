"""Bodies that are too large, too many, too slow: the application never sees them."""
from __future__ import annotations

import asyncio
import errno
import json
from typing import Any

import pytest

from mminspect.station.limits import RequestLimits
from mminspect.station.replies import Refused


class Echo:
    """An application that reads the body and answers with its length."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b'', True
        while more:
            message = await receive()
            body, more = body + message.get('body', b''), message.get('more_body', False)
        self.bodies.append(body)
        await self.go_on.wait()
        await send(dict(type='http.response.start', status=200, headers=[]))
        await send(dict(type='http.response.body', body=b''))


async def ask(limits: RequestLimits, chunks: list[bytes], path: str = '/x', pause: float = 0.0,
              **headers: str) -> tuple[int, dict[str, Any] | None, int]:
    """Status, JSON, number of chunks that were read."""
    sent, waiting = [], list(chunks)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(pause)
        return dict(type='http.request', body=waiting.pop(0), more_body=bool(waiting))

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    names = {key.replace('_', '-').encode(): value.encode() for key, value in headers.items()}
    await limits(dict(type='http', path=path, headers=list(names.items())), receive, send)
    body = b''.join(message.get('body', b'') for message in sent)
    return sent[0]['status'], json.loads(body) if body else None, len(chunks) - len(waiting)


async def everybody(scope: Any) -> bool:
    return True


def limited(app: Any, **options: Any) -> RequestLimits:
    return RequestLimits(app, **dict(dict(uploads=('/up/', ), bytes=10, upload_bytes=100, requests=2,
                                          may_upload=everybody), **options))


def test_bodies_up_to_the_limit_pass_and_larger_ones_do_not() -> None:
    async def run() -> None:
        app = Echo()
        limits = limited(app)
        assert (await ask(limits, [b'12345', b'67890']))[0] == 200
        for chunks in ([b'12345', b'678901'], [b'x' * 11]):  # without a length, as in chunked encoding
            status, answer, _ = await ask(limits, chunks)
            assert status == answer['status'] == 413 and '10 bytes' in answer['error']
        assert (await ask(limits, [b'x' * 100], '/up/load'))[0] == 200
        assert (await ask(limits, [b'x' * 101], '/up/load'))[0] == 413
        assert [len(body) for body in app.bodies] == [10, 100]
        assert not any(limits.active.values())

    asyncio.run(run())


@pytest.mark.parametrize('length', ['11', '-1', '1e3', 'x', '', '99999999999999999999'])
def test_what_the_length_says_counts_before_anything_is_read(length: str) -> None:
    async def run() -> None:
        app = Echo()
        status, _, read = await ask(limited(app), [b'x'], content_length=length, expect='100-continue')
        assert (status, read, app.bodies) == (413, 0, [])
        status, _, read = await ask(limited(app), [b'x', b'y'], content_length=length)
        assert (status, read, app.bodies) == (413, 2, [])  # thrown away: the sender reads the answer afterwards

    asyncio.run(run())


def test_an_endless_body_is_hung_up_on() -> None:
    async def run() -> None:
        _, _, read = await ask(limited(Echo()), [b'x' * 50] * 1000, content_length='50000')
        assert read == 5  # twice the largest body and the one that exceeds it

    asyncio.run(run())


def test_too_many_at_a_time_are_asked_to_come_again() -> None:
    async def run() -> None:
        app = Echo()
        app.go_on.clear()
        limits = limited(app)
        busy = [asyncio.create_task(ask(limits, [b'x'])) for _ in range(2)]
        await asyncio.sleep(0.01)
        status, answer, _ = await ask(limits, [b'x'])
        assert status == 429 and 'busy' in answer['error']
        busy += [asyncio.create_task(ask(limits, [b'x'], '/up/load')) for _ in range(2)]  # they have their own places
        await asyncio.sleep(0.01)
        assert (await ask(limits, [b'x'], '/up/load'))[0] == 429
        app.go_on.set()
        assert [status for status, *_ in await asyncio.gather(*busy)] == 4 * [200]
        assert (await ask(limits, [b'x']))[0] == 200

    asyncio.run(run())


def test_a_sender_that_pauses_for_too_long_is_given_up() -> None:
    async def run() -> None:
        app = Echo()
        status, answer, _ = await ask(limited(app, patience=0.02), [b'x'], pause=0.2)
        assert status == 408 and answer['error'] and not app.bodies

    asyncio.run(run())


def test_strangers_are_not_read_and_the_others_are() -> None:
    async def run() -> None:
        app = Echo()

        async def may_upload(scope: Any) -> bool:
            return dict(scope['headers']).get(b'authorization') == b'friend'

        limits = limited(app, may_upload=may_upload)
        for headers, words in (({}, 'log in'), (dict(authorization='foe'), 'token')):
            status, answer, _ = await ask(limits, [b'x' * 90], '/up/load', **headers)
            assert status == answer['status'] == 401 and words in answer['error'] and not app.bodies
        assert (await ask(limits, [b'x' * 90], '/up/load', authorization='friend'))[0] == 200
        assert (await ask(limits, [b'x'], '/login'))[0] == 200

    asyncio.run(run())


def test_a_sender_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause is short enough; all together take longer than the bytes are worth."""
    async def run() -> None:
        app = Echo()
        limits = limited(app, patience=0.1)
        assert (await ask(limits, [b'x'] * 10, pause=0.03))[0] == 408 and not app.bodies
        monkeypatch.setattr('mminspect.station.limits.SLOWEST', 10)
        assert (await ask(limits, [b'x'] * 10, pause=0.03))[0] == 200 and app.bodies

    asyncio.run(run())


def test_a_body_that_does_not_fit_onto_the_disk_is_said_so() -> None:
    async def run() -> None:
        async def full(scope: Any, receive: Any, send: Any) -> None:
            await receive()
            raise OSError(errno.ENOSPC, 'No space left on device')

        status, answer, read = await ask(limited(full), [b'x', b'y', b'z'])
        assert status == answer['status'] == 507 and 'disk is full' in answer['error']
        assert read == 3  # the sender reads the answer when it has sent everything

        async def broken(scope: Any, receive: Any, send: Any) -> None:
            raise OSError(errno.EIO, 'broken')

        limits = limited(broken)
        with pytest.raises(OSError, match='broken'):
            await ask(limits, [b'x'])
        assert not any(limits.active.values())

    asyncio.run(run())


def test_a_stranger_may_be_told_to_wait() -> None:
    async def wait(scope: Any) -> bool:
        raise Refused(429, 'too many wrong tokens')

    app = Echo()
    status, reply, read = asyncio.run(ask(limited(app, may_upload=wait), [b'x'] * 3, '/up/a', authorization='Bearer x'))
    assert (status, reply['error']) == (429, 'too many wrong tokens') and not app.bodies
    assert read == 3  # the sender looks for the answer when it has sent everything
