"""Against scikit-learn, SciPy and counting by hand."""
from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score

from mminspect.survey.statistics import auroc, category_separation, is_certain, kolmogorov_smirnov, separation


@pytest.mark.parametrize('ties', [False, True])
@pytest.mark.parametrize(('n', 'm'), [(1, 1), (7, 3), (40, 90)])
def test_auroc_is_that_of_scikit_learn(n: int, m: int, ties: bool) -> None:
    rng = np.random.default_rng(n + ties)
    low, high = rng.normal(0, 1, n), rng.normal(0.5, 1, m)
    if ties:
        low, high = low.round(), high.round()
    expected = roc_auc_score([0] * n + [1] * m, [*low, *high])
    assert auroc(low, high) == pytest.approx(expected, abs=1e-12)
    assert separation(auroc(high, low)) == pytest.approx(max(expected, 1 - expected))


def test_auroc_without_a_group_is_undefined() -> None:
    assert math.isnan(auroc([], [1.0])) and math.isnan(auroc([1.0], [])) and math.isnan(category_separation([], ['a']))


@pytest.mark.parametrize('rounded', [False, True])
def test_ks_is_that_of_scipy(rounded: bool) -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(0, 1, 50), rng.normal(0.4, 2, 31)
    one, other = (one.round(), other.round()) if rounded else (one, other)
    assert kolmogorov_smirnov(one, other) == pytest.approx(ks_2samp(one, other).statistic)


def test_a_category_is_as_telling_as_its_best_value() -> None:
    good, bad = ['.png'] * 6 + ['.jpg'] * 2 + ['.bmp'] * 2, ['.jpg'] * 9 + ['.bmp']
    best = max(separation(roc_auc_score([0] * 10 + [1] * 10, [name == value for name in good + bad]))
               for value in ('.png', '.jpg', '.bmp'))
    assert category_separation(good, bad) == pytest.approx(best)
    assert category_separation(['a'] * 3, ['a'] * 5) == 0.5 and category_separation(['a'], ['b']) == 1


def test_chance_is_that_of_counting_all_orders() -> None:
    """Of 3 and 3 images every order is equally likely: one number being perfect proves nothing."""
    areas = [auroc(low, [v for v in range(6) if v not in low]) for low in itertools.combinations(range(6), 3)]
    assert np.var(areas) == pytest.approx((3 + 3 + 1) / (12 * 3 * 3))  # the formula behind it
    assert not is_certain(1.0, 3, 3) and is_certain(1.0, 40, 40) and not is_certain(0.55, 40, 40)
