"""Copies seen from the splits: which images of the test are also trained on, and which count twice."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from .copies import Pair, groups_of
from .items import Item
from .splits import Split

SAME_FILE = 'same file'


@dataclass(frozen=True)
class Copy:
    """One image that is there twice.

    Attributes:
        path: Of the one, in the first split.
        other: Of the other, in the second.
        kind: 'same file', 'same bytes', 'equal pixels', 'nearly equal'.
        difference: Mean absolute difference in grey levels at 128x128.
        contradiction: Whether one counts as good and the other as defective.
    """

    path: str
    other: str
    kind: str
    difference: float
    contradiction: bool


@dataclass(frozen=True)
class Leak:
    """Images that two splits share, or that one split has twice.

    Attributes:
        first: Name of a split.
        second: Of the other; the same one for copies within it.
        count: Images of the second that are in the first, too; within a split those that are one too many.
        total: Images of the second.
        copies: Each of them with one that it is a copy of, contradictions first.
    """

    first: str
    second: str
    count: int
    total: int
    copies: list[Copy]

    @property
    def kinds(self) -> dict[str, int]:
        """Number of copies by kind."""
        return dict(Counter(copy.kind for copy in self.copies))

    @property
    def contradictions(self) -> int:
        """Copies of which one counts as good and the other as defective."""
        return sum(copy.contradiction for copy in self.copies)


def find_leaks(splits: Iterable[Split], paths: list[str], pairs: list[Pair]) -> list[Leak]:
    """All pairs of splits, then each split with itself; only those that share something.

    Args:
        splits: With all their images.
        paths: Those that ``pairs`` count: every file once.
        pairs: Of :func:`~mminspect.survey.copies.find_copies`.
    """
    splits, groups = list(splits), _Groups(paths, pairs)
    between = (_between(one, other, groups) for one, other in combinations(splits, 2))
    within = (_within(split, groups) for split in splits)
    return [leak for leak in (*between, *within) if leak.count]


class _Groups:
    """Which images are one, by the real path of their file."""

    def __init__(self, paths: list[str], pairs: list[Pair]) -> None:
        real = [os.path.realpath(path) for path in paths]
        self._group = {path: (path, ) for path in real}
        for members in groups_of(pairs, len(paths)):
            group = tuple(real[index] for index in members)
            self._group.update(dict.fromkeys(group, group))
        self._pairs = {frozenset((real[pair.first], real[pair.second])): pair for pair in pairs}

    def members(self, path: str) -> tuple[str, ...]:
        """Real paths of an image and of its copies."""
        return self._group.get(os.path.realpath(path), ())

    def copy(self, item: Item, other: Item) -> Copy:
        """Two images of one group."""
        one, two = os.path.realpath(item.path), os.path.realpath(other.path)
        pair = self._pairs.get(frozenset((one, two)))
        kind, difference = (SAME_FILE, 0.0) if one == two else (
            (pair.kind, pair.difference) if pair else self._chain(one))
        return Copy(item.path, other.path, kind, difference, {item.defective, other.defective} == {True, False})

    def _chain(self, path: str) -> tuple[str, float]:
        """Of a copy of a copy: what is least equal in the group."""
        links = [self._pairs[key] for key in map(frozenset, combinations(self._group[path], 2)) if key in self._pairs]
        worst = max(links, key=lambda pair: pair.difference)
        return worst.kind, worst.difference


def _between(one: Split, other: Split, groups: _Groups) -> Leak:
    here: dict[str, Item] = {os.path.realpath(item.path): item for item in one.items}
    copies = [groups.copy(here[shared[0]], item) for item in other.items
              if (shared := [path for path in groups.members(item.path) if path in here])]
    return Leak(one.name, other.name, len(copies), len(other.items), _ordered(copies))


def _within(split: Split, groups: _Groups) -> Leak:
    return Leak(split.name, split.name, len(copies := _ordered(_repeated(split, groups))), len(split.items), copies)


def _repeated(split: Split, groups: _Groups) -> Iterator[Copy]:
    seen: dict[tuple[str, ...], Item] = {}
    for item in split.items:
        group = groups.members(item.path)
        if group in seen:
            yield groups.copy(seen[group], item)
        elif group:
            seen[group] = item


def _ordered(copies: Iterable[Copy]) -> list[Copy]:
    return sorted(copies, key=lambda copy: (not copy.contradiction, copy.difference, copy.path, copy.other))
