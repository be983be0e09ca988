from __future__ import annotations

import pytest

from anomaly_rd.datasets.splitting import choose_groups, divide, scan_of
from mminspect.core.errors import UserError


def items(scans: str) -> list[dict]:
    return [dict(img_path=f'{index}.png', scan_id=scan) for index, scan in enumerate(scans)]


@pytest.mark.parametrize(('count', 'fraction', 'chosen'), [(10, 0.2, 2), (10, 0.01, 1), (10, 0.99, 9), (2, 0.5, 1)])
def test_share(count: int, fraction: float, chosen: int) -> None:
    assert len(choose_groups(map(str, range(count)), fraction, 0)) == chosen


def test_choice_depends_on_the_seed_alone() -> None:
    names = [f'{i:03d}' for i in range(40)]
    assert choose_groups(names, 0.3, 1) == choose_groups(reversed(names), 0.3, 1)
    assert choose_groups(names, 0.3, 1) != choose_groups(names, 0.3, 2)


def test_scans_stay_together_and_in_order() -> None:
    everything = items('aaabbbcccdddee')
    for seed in range(5):
        rest, chosen = divide(everything, 0.4, seed)
        assert {item['scan_id'] for item in rest}.isdisjoint(item['scan_id'] for item in chosen)
        assert len({item['scan_id'] for item in chosen}) == 2
        assert sorted(rest + chosen, key=everything.index) == everything
        assert chosen == sorted(chosen, key=everything.index)


def test_without_scans_each_image_is_its_own() -> None:
    rest, chosen = divide([dict(img_path=str(i)) for i in range(20)], 0.25, 0)
    assert (len(rest), len(chosen)) == (15, 5)


def test_one_scan_cannot_be_divided() -> None:
    with pytest.raises(UserError, match='1 image or scan cannot be divided'):
        divide(items('aaaa'), 0.5, 0)
    with pytest.raises(UserError, match=r'a share of 1\.5'):
        divide(items('ab'), 1.5, 0)


def test_scan_names() -> None:
    assert scan_of('/x/good/film12_r03_c4.png', r'film(\d+)') == '12'
    assert scan_of('/x/good/0010_15.png', r'\w+/\d+') == 'good/0010'
    with pytest.raises(UserError, match="finds nothing in 'good/a'"):
        scan_of('/x/good/a.png', r'\d+')


def test_pattern_that_is_none() -> None:
    with pytest.raises(UserError, match=r"scan_pattern '\(' is no regular expression"):
        scan_of('a/b.png', '(')
