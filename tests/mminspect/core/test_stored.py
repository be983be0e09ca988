"""Values of files, one kind after the other."""
import numpy as np
import pytest

from mminspect.core import stored

WRONG = {
    stored.finite: [float('nan'), float('inf'), -float('inf'), '1', None, True, [1], 1e301, 10**400],
    stored.word: ['', 'a\nb', 'a\x00', '\udcff', 'x' * 1001, 3, None, ['a']],
    stored.entries: [[], 'a', None, {1: 2}], stored.listed: ['ab', {}, None, 3],
}


@pytest.mark.parametrize(('function', 'value'), [(function, value) for function, values in WRONG.items()
                                                 for value in values])
def test_what_is_none_of_the_kind(function, value) -> None:
    with pytest.raises(ValueError, match=r'^threshold is ') as caught:
        function(value, 'threshold')
    assert len(str(caught.value)) < 80


def test_what_is_one() -> None:
    assert stored.finite(np.float32(0.5), 'a') == 0.5 and stored.finite(-3, 'a') == -3.0
    assert type(stored.finite(np.float64(1), 'a')) is float and type(stored.whole(np.int64(3), 'a', 0)) is int
    assert stored.word('划痕 scratch', 'a') == '划痕 scratch' and stored.listed((1,), 'a', 1) == (1,)
    assert stored.entries({'a': 1}, 'a') == {'a': 1}


@pytest.mark.parametrize('value', [-1, 5, 1.0, '3', None, True])
def test_whole_numbers_in_a_range(value) -> None:
    assert stored.whole(4, 'a', 0, 4) == 4
    with pytest.raises(ValueError, match='a is'):
        stored.whole(value, 'a', 0, 4)


def test_numbers_in_a_range() -> None:
    assert stored.finite(0.5, 'a', 0, 1) == 0.5
    for value in (-0.1, 1.1):
        with pytest.raises(ValueError, match='a is'):
            stored.finite(value, 'a', 0, 1)


def test_a_list_that_is_too_short() -> None:
    with pytest.raises(ValueError, match=r'a is \[\]'):
        stored.listed([], 'a', 1)
