"""Images as an inspection takes them, read while the ones before them are inspected."""
from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from numpy.typing import NDArray

from mminspect.vision.reading import Reading

Source = str | Path | NDArray
Item, Result = TypeVar('Item'), TypeVar('Result')


@dataclass(frozen=True)
class Loaded:
    """An image in memory.

    Attributes:
        name: Of the image, in its result.
        pixels: (H, W, 3), RGB, uint8 or float32 of 0..255.
        milliseconds: That reading and decoding took; about 0 for what was an array.
    """

    name: str
    pixels: NDArray
    milliseconds: float


def load(source: Source, name: str, reading: Reading = Reading()) -> Loaded:  # noqa: B008 (it is frozen)
    """Read a file, or take an array (H, W) or (H, W, 3) in RGB order.

    Raises:
        UserError: The file is missing or no image, or the array is of another type or shape.
    """
    start = time.perf_counter()
    pixels = reading.read(source) if isinstance(source, (str, Path)) else reading.take(source, name)
    return Loaded(name, pixels, 1000 * (time.perf_counter() - start))


def prefetch(prepare: Callable[[Item], Result], items: Iterable[Item],
             count: int) -> Iterator[tuple[Item, Future[Result]]]:
    """Call ``prepare`` for every item in another thread, in order, while the caller works on what came before.

    Args:
        prepare: What is to be done; no two calls run at a time.
        items: Taken as they are needed.
        count: At most so many results wait for the caller, which bounds the memory they take.

    Returns:
        Each item with its result, finished or not. Closing the iterator drops what has not begun.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(1, 'inspection-reader') as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(prepare, item)))
                if len(waiting) > count:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            for _, future in waiting:
                future.cancel()
