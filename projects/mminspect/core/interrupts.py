"""SIGTERM, as of a scheduler or a service manager, ends a command as Ctrl-C does."""
from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

#: What torch says where the processes that read images got the signal a little earlier than the one they read for.
_ENDED_READERS = 'killed by signal: Terminated'


class Terminated(KeyboardInterrupt):
    """SIGTERM has come."""


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """In the block, SIGTERM raises :class:`Terminated` in the main thread, as Ctrl-C raises KeyboardInterrupt.

    Nothing changes in another thread, or where somebody listens to the signal already. A process that is forked in the
    block (one that reads images) ends at SIGTERM as it always did. Python drops what is raised while it removes an
    object, which torch does for seconds where it ends the processes that read: then it is raised once more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner = os.getpid()

    def leave(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner and number == signal.SIGTERM:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        _ignore_readers()
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    usual = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
    taken = [number for number, handler in usual.items() if signal.getsignal(number) is handler]
    for number in taken:
        signal.signal(number, leave)
    usual_hook, left = sys.unraisablehook, threading.Event()
    sys.unraisablehook = partial(_raise_again, usual_hook, left)
    try:
        yield
    finally:
        left.set()
        sys.unraisablehook = usual_hook
        for number in taken:
            signal.signal(number, usual[number])


def _raise_again(usual: Callable[[sys.UnraisableHookArgs], None], left: threading.Event,
                 dropped: sys.UnraisableHookArgs) -> None:
    """In the place of ``sys.unraisablehook``, which prints ``dropped``, until the block is ``left``."""
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        usual(dropped)
        return
    number = signal.SIGTERM if isinstance(dropped.exc_value, Terminated) else signal.SIGINT

    def raise_it() -> None:
        if not left.wait(0.05):  # when the object is gone
            os.kill(os.getpid(), number) if os.name == 'posix' else signal.raise_signal(number)

    threading.Thread(target=raise_it, daemon=True).start()


def _ignore_readers() -> None:
    """torch raises an error, wherever the process is then, when one that reads images ends: now all are to end."""
    ended = getattr(signal, 'SIGCHLD', None)  # not on Windows
    if ended is not None and callable(signal.getsignal(ended)):
        signal.signal(ended, signal.SIG_DFL)


def signal_behind(error: BaseException) -> int | None:
    """The number of the signal that ``error`` goes back to, also where something else failed on the way out; None:
    there is none."""
    seen: dict[int, BaseException] = {}
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen[id(one)] = one
            waiting += [one.__cause__, one.__context__]
    if any(isinstance(one, Terminated) or _ENDED_READERS in str(one) for one in seen.values()):
        return signal.SIGTERM
    return signal.SIGINT if any(isinstance(one, KeyboardInterrupt) for one in seen.values()) else None
