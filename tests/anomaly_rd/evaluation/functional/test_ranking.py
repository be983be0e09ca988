"""Ranking against a count for every threshold, and against scikit-learn."""
from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from anomaly_rd.evaluation.functional import ranking
from anomaly_rd.evaluation.functional.ranking import Ranking, checked, rank
from mminspect.core.errors import UserError


def draw(count: int, decimals: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels = np.random.rand(count) < 0.3
    shares = np.random.rand(count) * labels
    return (np.random.randn(count) + labels).round(decimals), labels, shares / shares.sum()


@pytest.mark.parametrize('decimals', [8, 1, 0])
def test_equals_a_count_for_every_threshold(decimals: int) -> None:
    scores, labels, shares = draw(200, decimals)
    found = rank(scores, labels, shares)
    thresholds = sorted(set(scores.tolist()), reverse=True)
    assert found.scores.tolist() == thresholds
    for index, threshold in enumerate(thresholds):
        above = scores >= threshold
        assert found.normal[index] == sum(above & ~labels) and found.anomalous[index] == sum(above & labels)
        assert found.overlap[index] == pytest.approx(sum(shares[above]), abs=1e-12)
    assert found.normal.dtype == found.anomalous.dtype == np.int64
    assert found.overlap[-1] == pytest.approx(1)


@pytest.mark.parametrize('decimals', [8, 1, 0])
def test_equals_scikit_learn(decimals: int) -> None:
    scores, labels, _ = draw(3000, decimals)
    found = rank(scores, labels)
    fpr, tpr, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    assert np.array_equal(found.scores, thresholds[1:]) and found.overlap is None
    assert np.allclose(found.normal / np.sum(~labels), fpr[1:], atol=1e-12)
    assert np.allclose(found.anomalous / np.sum(labels), tpr[1:], atol=1e-12)


def test_order_does_not_matter() -> None:
    scores, labels, shares = draw(300, 1)
    order = np.random.permutation(300)
    one, two = rank(scores, labels, shares), rank(scores[order], labels[order], shares[order])
    for name in ('scores', 'normal', 'anomalous'):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert np.allclose(one.overlap, two.overlap, atol=1e-12)


@pytest.mark.parametrize(('labels', 'defined'), [([0, 1], True), ([1, 0], True), ([0, 0], False), ([1, 1], False),
                                                 ([], False)])
def test_defined_where_both_classes_occur(labels: list[int], defined: bool) -> None:
    found = rank(np.arange(len(labels), dtype=float), np.array(labels, bool), np.zeros(len(labels)))
    assert found.defined is defined
    assert len(found.scores) == len(found.normal) == len(found.anomalous) == len(found.overlap) == len(labels)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Ranking(np.zeros(1), np.zeros(1), np.zeros(1)).scores = np.ones(1)


@pytest.mark.parametrize('kind', [np.array, list])
def test_checked_flattens_and_makes_labels_bool(kind: type) -> None:
    scores, labels = checked(kind([[0.5, 0.25], [2.0, 1.0]]), kind([[0, 1], [1, 0]]))
    assert scores.tolist() == [0.5, 0.25, 2.0, 1.0]
    assert labels.dtype == bool and labels.tolist() == [False, True, True, False]


@pytest.mark.parametrize(('scores', 'labels', 'said'), [
    ([1.0, 2.0], [0, 1, 1], 'There are 2 scores but 3 labels'), ([1.0], [[0, 1]], '1 scores but 2 labels'),
    ([1.0, 2.0], [0, 2], 'must be 0'), ([1.0, 2.0], [0, -1], 'must be 0'), ([1.0, 2.0], [0.5, 1], 'must be 0'),
    ([1.0, np.nan], [0, 1], 'Score 1 is nan'), ([np.inf, np.nan], [0, 1], 'Score 0 is inf'),
    ([[1.0, 2.0], [-np.inf, 1.0]], [[0, 1], [1, 0]], 'Score 2 is -inf')])
def test_checked_names_what_is_wrong(scores: list, labels: list, said: str) -> None:
    with pytest.raises(UserError, match=said):
        checked(scores, labels)


def test_undefined_warns_where_the_metric_was_asked_for() -> None:
    def metric() -> float:
        return ranking.undefined('AUROC', 'only one class')

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        value, line = metric(), inspect.currentframe().f_lineno
    assert np.isnan(value) and [str(w.message) for w in caught] == ['AUROC is undefined: only one class.']
    assert (caught[0].filename, caught[0].lineno) == (__file__, line)
