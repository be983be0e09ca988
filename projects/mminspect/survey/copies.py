"""Images that are there twice: within a split they count double, between splits the test knows the training.

Files of the same bytes are found by their digest. For all others a sketch of each image only proposes pairs: a random
projection of the grey values at 128x128 without their mean, which keeps distances to a few percent (Johnson and
Lindenstrauss, 1984; Achlioptas, 2003). Both images of a proposed pair are then decoded and compared.

On a fixture all parts look alike. A pair is therefore told only where its images are much nearer to each other than
images of this set usually are. What is usual for an image is how far it is from the best blend of its neighbours (least
squares over twelve of them, as in Roweis and Saul, 2000; the very nearest are left out, which may be copies). A blend
follows the light and the place of a part; what is left is the noise of one photograph, which another photograph of the
part does not share and a copy does.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from mminspect.core.errors import UserError

from .measures import SIDE, shrink

#: A pair that is near, and may be two photographs that differ in little.
NEARLY_EQUAL = 'nearly equal'
#: Largest mean absolute difference of a copy, in grey levels (0..255) at 128x128.
NEAR = 2.0
#: A copy is nearer than this share of the distance that is usual in its set.
SHARE = 0.7
#: Neighbours that are blended, and how many of the nearest are left out at most.
BLENDED, SKIPPED = 12, 8
#: Numbers in a sketch.
SKETCH = 512
#: The sketch may be this far off, relatively and in grey levels (rounding of float32, and of decoders).
_SLACK, _ROUNDING = 1.2, 0.1
#: Proposed pairs that are looked at, the nearest first.
MOST_PAIRS = 2000
#: Regularises the blend, relatively to the spread of the neighbours.
_RIDGE = 0.1
_BLOCK, _SOLVED = 1024, 256

Read = Callable[[str], NDArray]


@dataclass(frozen=True)
class Pair:
    """Two images that are one.

    Attributes:
        first: Position of the one.
        second: Position of the other.
        kind: 'same bytes', 'equal pixels' or 'nearly equal'.
        difference: Mean absolute difference at 128x128, in grey levels of 0..255.
    """

    first: int
    second: int
    kind: str
    difference: float


@dataclass(frozen=True)
class Copies:
    """What :func:`find_copies` finds.

    Attributes:
        pairs: One less than there are images in each group of copies.
        usual: The median distance that is usual between images: root mean square, in grey levels at 128x128.
        unseen: Proposed pairs that were not looked at, because there are more than :data:`MOST_PAIRS`.
    """

    pairs: list[Pair]
    usual: float = float('nan')
    unseen: int = 0


def projection(seed: int = 0) -> NDArray[np.float32]:
    """(128 * 128, SKETCH) random numbers that make sketches whose distances are root mean squares of grey levels."""
    return np.random.default_rng(seed).standard_normal((SIDE * SIDE, SKETCH), np.float32) / np.sqrt(
        np.float32(SKETCH * SIDE * SIDE))


def sketch(small: NDArray[np.float32], matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, SKETCH) of (N, 128, 128) grey values; a constant that is added to an image changes nothing."""
    flat = small.reshape(len(small), -1)
    return (flat - flat.mean(axis=1, keepdims=True)) @ matrix


def find_copies(sketches: NDArray[np.float32], digests: Sequence[str], paths: Sequence[str],
                reads: Sequence[Read]) -> Copies:
    """Images that are copies of each other, whatever their names, formats and compression.

    Args:
        sketches: (N, SKETCH) from :func:`sketch`.
        digests: Of the bytes of the N files.
        paths: Of the files, no file twice.
        reads: How each becomes (H, W, 3) pixels of 0..255.
    """
    groups = _Groups(len(digests))
    pairs, first_of = [], {}
    for index, digest in enumerate(digests):
        if (first := first_of.setdefault(digest, index)) != index:
            groups.join(first, index)
            pairs.append(Pair(first, index, 'same bytes', 0.0))
    single = np.fromiter(first_of.values(), int)
    if len(single) < 2:
        return Copies(pairs)
    usual, proposed, unseen = _propose(sketches[single])
    images = _Images(paths, reads)
    for a, b in proposed:
        first, second = int(single[a]), int(single[b])
        if groups.joined(first, second):
            continue
        pair = images.compare(first, second, SHARE * min(usual[a], usual[b], float(np.median(usual))))
        if pair is not None:
            groups.join(first, second)
            pairs.append(pair)
    return Copies(sorted(pairs, key=lambda pair: (pair.first, pair.second)), float(np.median(usual)), unseen)


def groups_of(pairs: Iterable[Pair], count: int) -> list[list[int]]:
    """Positions of the images of each group of copies, of ``count`` images."""
    groups = _Groups(count)
    members: dict[int, list[int]] = {}
    for pair in (pairs := list(pairs)):
        groups.join(pair.first, pair.second)
    for index in sorted({index for pair in pairs for index in (pair.first, pair.second)}):
        members.setdefault(groups.root(index), []).append(index)
    return list(members.values())


def _propose(sketches: NDArray[np.float32]) -> tuple[NDArray[np.float32], list[tuple[int, int]], int]:
    """What is usual for each image, the pairs that are much nearer, nearest first, and how many more there are."""
    sketches = sketches - sketches.mean(axis=0)  # what all share would cost float32 its precision
    count = len(sketches)
    usual = np.concatenate([_usual(sketches, start, block) for start, block in _distances(sketches)])
    limit = SHARE * np.minimum(usual, np.median(usual))
    rows, columns, values = [], [], []
    for start, block in _distances(sketches):
        near = block <= np.maximum(_SLACK * np.minimum(limit[start:start + len(block), None], limit), _ROUNDING)
        row, column = np.nonzero(near & (np.arange(count) > np.arange(start, start + len(block))[:, None]))
        rows.append(row + start)
        columns.append(column)
        values.append(block[row, column])
    rows, columns, values = (np.concatenate(parts) for parts in (rows, columns, values))
    order = np.argsort(values, kind='stable')
    nearest = order[:MOST_PAIRS]
    return usual, list(zip(rows[nearest].tolist(), columns[nearest].tolist(), strict=True)), len(order) - len(nearest)


def _usual(sketches: NDArray[np.float32], start: int, distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far two images would be from each other that share what the neighbours of each explain.

    Args:
        sketches: (N, SKETCH) of all images.
        start: Position of the first image in question.
        distances: (n, N) of n images to all.

    Returns:
        (n,) root mean squares. Independent noise of variance v leaves v (1 + 1/k) beside a blend of k, and makes 2 v
        between two images.
    """
    count = len(sketches)
    skipped = min(SKIPPED, max(1, count // 6), count - 2)
    order = np.argsort(distances, axis=1)[:, skipped:min(skipped + BLENDED, count - 1)]
    found = [_residual(sketches[start + first:start + first + _SOLVED], sketches[order[first:first + _SOLVED]])
             for first in range(0, len(order), _SOLVED)]
    blended = order.shape[1]
    return np.sqrt(2 * blended / (blended + 1) * np.concatenate(found))


def _residual(images: NDArray[np.float32], neighbours: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) squared distances of n images from the best blends of their k neighbours (n, k, SKETCH)."""
    centre = neighbours.mean(axis=1)
    spread, rest = neighbours - centre[:, None], images - centre
    products = spread @ spread.swapaxes(1, 2)
    size = products.shape[-1]
    ridge = _RIDGE * np.trace(products, axis1=1, axis2=2) / size + 1e-6
    weights = np.linalg.solve(products + ridge[:, None, None] * np.eye(size, dtype=np.float32),
                              spread @ rest[..., None])
    return np.square(rest - (spread * weights).sum(axis=1)).sum(axis=1)


def _distances(sketches: NDArray[np.float32]) -> Iterable[tuple[int, NDArray[np.float32]]]:
    """(first row, distances of a block of rows to all); infinite to itself."""
    squares = np.einsum('ij,ij->i', sketches, sketches)
    for start in range(0, len(sketches), _BLOCK):
        part = sketches[start:start + _BLOCK]
        block = squares[start:start + _BLOCK, None] + squares - 2 * part @ sketches.T
        block = np.sqrt(np.maximum(block, 0))
        block[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        yield start, block


class _Images:
    """The pixels of proposed images; those of the last ones stay in memory."""

    def __init__(self, paths: Sequence[str], reads: Sequence[Read]) -> None:
        self.paths, self.reads = paths, reads
        self.pixels = lru_cache(maxsize=4)(self._pixels)
        self.small = lru_cache(maxsize=512)(self._small)

    def compare(self, first: int, second: int, limit: float) -> Pair | None:
        """The pair, if its images are equal, or nearly equal and nearer than ``limit`` (root mean square)."""
        try:
            one, other = self.small(first), self.small(second)
            difference = float(np.abs(one - other).mean())
            if difference >= NEAR:
                return None
            if difference < _ROUNDING and np.array_equal(self.pixels(first), self.pixels(second)):
                return Pair(first, second, 'equal pixels', 0.0)
        except UserError:  # has been decoded before, but not as a whole or not by the same decoder
            return None
        greys = [cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) for small in (one, other)]
        limit = min(limit, *(SHARE * float(grey.std()) for grey in greys))  # almost blank images are alike
        near = float((greys[0] - greys[1]).std()) <= limit
        return Pair(first, second, NEARLY_EQUAL, difference) if near else None

    def _pixels(self, index: int) -> NDArray:
        return self.reads[index](self.paths[index])

    def _small(self, index: int) -> NDArray[np.float32]:
        return shrink(self.pixels(index))


class _Groups:
    """Union and find."""

    def __init__(self, count: int) -> None:
        self.parents = list(range(count))

    def root(self, index: int) -> int:
        while self.parents[index] != index:
            self.parents[index] = self.parents[self.parents[index]]
            index = self.parents[index]
        return index

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self.parents[high] = low

    def joined(self, one: int, other: int) -> bool:
        return self.root(one) == self.root(other)
