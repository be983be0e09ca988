"""How often strangers may guess a password or the token.

A guess is counted before it is looked at, in one step, so that of many at a time no more are looked at than of many in
a row. What is counted lies in the cache of this one process, which is too large to be filled: every counter stands for
a guess that was looked at, and of these there are not more a minute than the limit on all of them.
"""
from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.cache import cache

_LOCK = threading.Lock()


@dataclass(frozen=True)
class Limit:
    """So many guesses at once, and what follows.

    Attributes:
        tries: Guesses before there is any limit.
        seconds: Time after which all of them are there again.
        steady: They come back one by one in this time, so that guessing is slow but nobody is shut out; False: all of
            them do at its end, which begins with the first guess.
    """

    tries: int
    seconds: float
    steady: bool = False

    def now_used(self, used: float, since: float, now: float) -> tuple[float, float]:
        """How many are used up by now, and since when that is counted."""
        if self.steady:
            return max(0.0, used - (now - since) * self.tries / self.seconds), now
        return (0.0, now) if now - since >= self.seconds else (used, since)

    def wait(self, used: float, since: float, now: float) -> float:
        """Seconds before there is another guess, 0 where there is one now."""
        if used + 1 <= self.tries:
            return 0.0
        return (used + 1 - self.tries) * self.seconds / self.tries if self.steady else since + self.seconds - now


def counter(*parts: str) -> str:
    """Name of the counter of something that a stranger has chosen: short, and of plain letters."""
    return f'guesses-{hashlib.sha256(repr(parts).encode()).hexdigest()}'


def claim(limits: Mapping[str, Limit]) -> float:
    """Count one guess everywhere, or nowhere where one of the limits is reached.

    Args:
        limits: By :func:`counter`.

    Returns:
        0: it was counted and may be looked at. Else the seconds to wait.
    """
    with _LOCK:
        return _claim(limits)


def give_back(limits: Mapping[str, Limit], forget: str = '') -> None:
    """It was right, and no guess.

    Args:
        limits: As for :func:`claim`.
        forget: Name of a counter that begins anew.
    """
    with _LOCK:
        _add(limits, -1)
        if forget:
            cache.delete(forget)


def judge(limits: Mapping[str, Limit], is_right: Callable[[], bool]) -> tuple[bool, float]:
    """A guess that is looked at in no time: right ones are not counted, however many come at once.

    Returns:
        Whether it is right, and the seconds to wait where it was not looked at, else 0.
    """
    with _LOCK:
        if wait := _claim(limits):
            return False, wait
        right = is_right()
        if right:
            _add(limits, -1)
        return right, 0.0


def in_words(seconds: float) -> str:
    """A time to wait."""
    number, unit = (seconds / 60, 'minute') if seconds > 60 else (seconds, 'second')
    return f'{math.ceil(number)} {unit}{"" if math.ceil(number) == 1 else "s"}'


def _claim(limits: Mapping[str, Limit]) -> float:
    now = time.monotonic()
    wait = max(limit.wait(*_used(name, limit, now), now) for name, limit in limits.items())
    if wait <= 0:
        _add(limits, 1)
    return max(0.0, wait)


def _add(limits: Mapping[str, Limit], number: int) -> None:
    now = time.monotonic()
    for name, limit in limits.items():
        used, since = _used(name, limit, now)
        cache.set(name, (max(0.0, used + number), since), limit.seconds)


def _used(name: str, limit: Limit, now: float) -> tuple[float, float]:
    return limit.now_used(*cache.get(name, (0.0, now)), now)
