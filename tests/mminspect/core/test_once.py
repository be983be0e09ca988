"""What is read once within the checks."""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from mminspect.core.once import file_state, once, reading_once

calls: list[str] = []


@once(lambda name, end='': (name.casefold(), end))
def shout(name: str, end: str = '') -> list[str]:
    """Notes that it was called."""
    calls.append(name)
    if name == 'nobody':
        raise ValueError(name)
    return [name.upper() + end]


@pytest.fixture(autouse=True)
def no_calls() -> None:
    calls.clear()


def test_outside_nothing_is_kept() -> None:
    assert shout('a') == shout('a') == ['A'] and calls == ['a', 'a']


def test_within_equal_keys_give_the_same_object() -> None:
    with reading_once():
        first = shout('a')
        with reading_once():
            assert shout('A') is first
        assert shout('a') is first is not shout('a', end='!')
        assert calls == ['a', 'a']
    assert shout('a') is not first and calls == ['a', 'a', 'a']
    with reading_once():
        assert shout('a') is not first  # nothing of one scope is left for the next


def test_exceptions_are_not_kept_and_end_the_scope() -> None:
    with pytest.raises(ValueError, match='nobody'), reading_once():
        for _ in range(2):
            with pytest.raises(ValueError, match='nobody'):
                shout('nobody')
        shout('nobody')
    assert calls == ['nobody'] * 3
    assert shout('a') is not shout('a')


def test_two_functions_keep_apart() -> None:
    other = once(lambda name: name)(str.lower)
    with reading_once():
        assert (shout('a'), other('a')) == (['A'], 'a')


def test_state_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / 'a'
    assert file_state(path) == (str(path), -1, -1) and file_state('a\0')[1:] == (-1, -1)
    path.write_text('abc')
    os.utime(path, ns=(5, 7_000_000_001))
    assert file_state(path) == (str(path), 3, 7_000_000_001)
