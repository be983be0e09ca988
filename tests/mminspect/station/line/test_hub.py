"""Viewers: the newest frame, all messages, and nobody waits for anybody."""
from __future__ import annotations

import asyncio
import threading

from mminspect.station.line.hub import MESSAGES, Hub


def run(test: object) -> None:
    async def main() -> None:
        await asyncio.wait_for(test(Hub(asyncio.get_running_loop())), 5)

    asyncio.run(main())


def test_a_slow_viewer_gets_the_newest_frame_and_every_message() -> None:
    async def test(hub: Hub) -> None:
        viewer = hub.enter('a')
        for number in range(5):
            hub.publish('a', bytes([number]))
            hub.publish('a', dict(number=number))
        await asyncio.sleep(0.01)
        assert await viewer.take() == [*(dict(number=number) for number in range(5)), b'\x04']
        hub.publish('a', b'next')
        assert await viewer.take() == [b'next']

    run(test)


def test_waiting_messages_are_bounded() -> None:
    async def test(hub: Hub) -> None:
        viewer = hub.enter('a')
        for number in range(MESSAGES + 50):
            hub.publish('a', dict(number=number))
        await asyncio.sleep(0.01)
        numbers = [message['number'] for message in await viewer.take()]
        assert numbers == list(range(50, MESSAGES + 50))

    run(test)


def test_each_camera_has_its_viewers() -> None:
    async def test(hub: Hub) -> None:
        first, second = hub.enter('a'), hub.enter('a')
        other = hub.enter('b')
        assert hub.viewer_count() == 3 and hub.is_watched('a') and not hub.is_watched('c')
        hub.publish('a', b'x')
        assert await first.take() == await second.take() == [b'x']
        hub.publish('b', b'y')
        assert await other.take() == [b'y']
        hub.leave('a', first)
        hub.leave('a', second)
        assert not hub.is_watched('a') and hub.viewer_count() == 1

    run(test)


def test_any_thread_may_publish() -> None:
    async def test(hub: Hub) -> None:
        viewer = hub.enter('a')
        threads = [threading.Thread(target=hub.publish, args=('a', dict(number=i))) for i in range(20)]
        for thread in threads:
            thread.start()
        seen: list[int] = []
        while len(seen) < 20:
            seen += [message['number'] for message in await viewer.take()]
        assert sorted(seen) == list(range(20))

    run(test)


def test_after_the_server_nothing_happens() -> None:
    hub = None

    async def main() -> None:
        nonlocal hub
        hub = Hub(asyncio.get_running_loop())
        hub.enter('a')

    asyncio.run(main())
    hub.publish('a', b'x')
