"""Counting guesses: in one step, by many at a time, with an end."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count

import pytest
from django.core.cache import cache

from mminspect.station import guessing
from mminspect.station.guessing import Limit, claim, counter, give_back, in_words, judge


class Clock:
    """Stands still until it is set."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    cache.clear()
    clock = Clock()
    monkeypatch.setattr(guessing, 'time', clock)
    yield clock
    cache.clear()


def granted(limits: dict[str, Limit]) -> int:
    """Claims until the first refusal."""
    return next(number for number in count() if claim(limits))


def test_the_tries_come_back_all_at_the_end_of_the_pause(clock: Clock) -> None:
    limits = {'a': Limit(3, 60)}
    assert granted(limits) == 3 and claim(limits) == 60
    clock.now += 59
    assert claim(limits) == pytest.approx(1)
    clock.now += 1
    assert granted(limits) == 3


def test_steady_ones_come_back_one_by_one(clock: Clock) -> None:
    limits = {'a': Limit(6, 60, steady=True)}
    assert granted(limits) == 6 and claim(limits) == pytest.approx(10)
    clock.now += 9
    assert claim(limits) == pytest.approx(1)
    clock.now += 11
    assert granted(limits) == 2
    clock.now += 10_000
    assert granted(limits) == 6


def test_who_is_refused_by_one_limit_uses_up_nothing_of_the_others() -> None:
    mine, all_of_us = {'mine': Limit(2, 60)}, {'all': Limit(5, 60)}
    assert granted({**mine, **all_of_us}) == 2
    assert [claim({**mine, **all_of_us}) for _ in range(50)] == [60] * 50
    assert granted(all_of_us) == 3


@pytest.mark.parametrize('steady', [False, True])
def test_of_many_at_a_time_no_more_pass_than_of_many_in_a_row(steady: bool) -> None:
    limits, passed, begin = {'a': Limit(10, 60, steady)}, [], threading.Barrier(60)

    def guess() -> None:
        begin.wait()
        if not claim(limits):
            passed.append(1)

    threads = [threading.Thread(target=guess) for _ in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 10


def test_right_ones_are_given_back_and_the_named_counter_begins_anew() -> None:
    limits = {'pair': Limit(4, 60), 'all': Limit(4, 60)}
    for _ in range(3):
        claim(limits)
    give_back(limits, forget='pair')
    assert granted({'pair': Limit(4, 60)}) == 4 and granted({'all': Limit(4, 60)}) == 2


def test_what_is_judged_at_once_counts_only_where_it_is_wrong() -> None:
    limits = {'a': Limit(2, 60)}
    assert [judge(limits, lambda: True) for _ in range(9)] == [(True, 0)] * 9
    assert [judge(limits, lambda: False) for _ in range(3)] == [(False, 0), (False, 0), (False, 60)]
    looked: list[int] = []
    assert judge(limits, lambda: bool(looked.append(1))) == (False, 60) and not looked


def test_other_counters_push_none_out() -> None:
    """Django's cache in memory holds 300 entries unless it is told otherwise."""
    assert granted({'victim': Limit(2, 60)}) == 2
    for number in range(5000):
        claim({counter('other', str(number)): Limit(2, 60)})
    assert claim({'victim': Limit(2, 60)}) == 60


def test_names_of_counters_are_plain_and_of_one_length() -> None:
    names = {counter('a', 'b'), counter('ab'), counter('a', 'b', ''), counter("a', 'b"), counter('\n\0 ' * 999, 'ü')}
    assert len(names) == 5 and {len(name) for name in names} == {len('guesses-') + 64}
    assert all(name.isascii() and name.isprintable() and ' ' not in name for name in names)


def test_times_in_words() -> None:
    assert [in_words(seconds) for seconds in (0.2, 12, 60, 61, 299.9)] == [
        '1 second', '12 seconds', '60 seconds', '2 minutes', '5 minutes']
