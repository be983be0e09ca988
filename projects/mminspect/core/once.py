"""What several checks need, read once for all of them: only within :func:`reading_once`."""
from __future__ import annotations

import functools
import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar('Function', bound=Callable[..., Any])

_KEPT: ContextVar[dict[Hashable, Any] | None] = ContextVar('kept', default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """Within, functions with :func:`once` hand out again what they gave before; behind it that is forgotten.

    One within another keeps what that keeps.
    """
    if _KEPT.get() is not None:
        yield
        return
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def once(key: Callable[..., Hashable]) -> Callable[[Function], Function]:
    """Decorator of a function that reads: within :func:`reading_once` it reads the same thing once.

    What it gives is shared, so nobody may change it. An exception is not kept.

    Args:
        key: Of the function's arguments; equal keys stand for the same thing.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def reading(*args: Any, **kwargs: Any) -> Any:
            kept = _KEPT.get()
            if kept is None:
                return function(*args, **kwargs)
            place = function, key(*args, **kwargs)
            if place not in kept:
                kept[place] = function(*args, **kwargs)
            return kept[place]

        return reading

    return decorate


def file_state(path: str | Path) -> tuple[str, int, int]:
    """Path, size in bytes and time of the last change in ns: another one where the file was written anew; -1 and -1
    where there is none.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # ValueError: a name that no system takes
        return str(path), -1, -1
    return str(path), status.st_size, status.st_mtime_ns
