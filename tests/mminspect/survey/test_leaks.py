"""Copies by split."""
from __future__ import annotations

import os
from pathlib import Path

from mminspect.survey.copies import Pair
from mminspect.survey.items import Box, Item, Listing
from mminspect.survey.leaks import find_leaks
from mminspect.survey.splits import Split


def split(name: str, *items: Item) -> Split:
    return Split(name, [Listing(list(items))])


def good(*paths: str) -> list[Item]:
    return [Item(path, 'good') for path in paths]


def test_nothing_shared_nothing_told() -> None:
    assert find_leaks([split('train', *good('a', 'b')), split('test', *good('c'))], ['a', 'b', 'c'], []) == []


def test_copies_between_and_within() -> None:
    paths = ['a', 'b', 'c', 'd', 'e']
    pairs = [Pair(0, 3, 'equal pixels', 0.0), Pair(0, 4, 'nearly equal', 1.25)]
    between, within = find_leaks([split('train', *good('a', 'b', 'c')), split('test', *good('d', 'e'))], paths, pairs)
    assert (between.first, between.second, between.count, between.total) == ('train', 'test', 2, 2)
    assert between.kinds == {'equal pixels': 1, 'nearly equal': 1} and between.contradictions == 0
    assert [(copy.path, copy.other, copy.difference) for copy in between.copies] == [('a', 'd', 0.0), ('a', 'e', 1.25)]
    # d and e are copies of a, and so of each other, as nearly as the worse of the two
    assert (within.first, within.second, within.count) == ('test', 'test', 1)
    assert (within.copies[0].kind, within.copies[0].difference) == ('nearly equal', 1.25)


def test_one_file_in_two_splits_and_twice_in_one(tmp_path: Path) -> None:
    path, link = tmp_path / 'a.png', tmp_path / 'link.png'
    path.write_bytes(b'x')
    os.symlink(path, link)
    between, within = find_leaks([split('train', *good(str(path))), split('val', *good(str(link), str(path)))],
                                 [str(path)], [])
    assert (between.count, between.kinds) == (2, {'same file': 2}) and (within.count, within.first) == (1, 'val')


def test_what_nobody_knows_contradicts_nothing() -> None:
    """An image all of whose objects were dropped counts as neither."""
    unknown = Item('c.png', incomplete=True)
    assert unknown.defective is None
    (leak, ) = find_leaks([split('train', Item('a.png', boxes=(Box('hair', 0, 0, 9, 9), ))), split('val', unknown)],
                          ['a.png', 'c.png'], [Pair(0, 1, 'same bytes', 0)])
    assert leak.count == 1 and leak.contradictions == 0


def test_a_defect_among_the_good_ones_comes_first() -> None:
    train, test = split('train', *good('a', 'b')), split('test', Item('c', 'good'), Item('d', 'scratch'))
    (leak, ) = find_leaks([train, test], ['a', 'b', 'c', 'd'],
                          [Pair(0, 2, 'same bytes', 0.0), Pair(1, 3, 'nearly equal', 0.5)])
    assert leak.contradictions == 1 and leak.copies[0].other == 'd' and leak.copies[0].contradiction
    boxes = (Box('hair', 0, 0, 3, 3), )
    (leak, ) = find_leaks([split('train', Item('a', boxes=boxes)), split('val', Item('b'))], ['a', 'b'],
                          [Pair(0, 1, 'same bytes', 0.0)])
    assert leak.contradictions == 1
