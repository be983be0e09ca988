"""Thresholds against their definitions by counting."""
import numpy as np
import pytest
from sklearn.metrics import f1_score

from mminspect.core.errors import UserError
from mminspect.decisions import Threshold, fit_threshold, oracle_threshold


@pytest.mark.parametrize('count', [1, 7, 199, 200, 201, 399, 400, 1000])
def test_quantile_by_counting(count):
    scores = np.random.default_rng(count).normal(size=count)
    threshold = fit_threshold(scores)
    # the smallest score that at least 99.5 % of the images do not exceed
    expected = min(s for s in scores if np.count_nonzero(scores <= s) * 1000 >= 995 * count)
    assert threshold == Threshold(expected, 'hold-out normal images', count, 'quantile 0.995')
    assert (threshold.value == scores.max()) == (count < 200)


def test_quantile_one_is_the_maximum_and_a_small_one_the_minimum():
    scores = [0.3, 0.1, 0.2]
    assert fit_threshold(scores, quantile=1.0).value == 0.3
    assert fit_threshold(scores, quantile=0.01).value == 0.1
    assert fit_threshold(scores, quantile=0.5).value == 0.2


def test_max_and_mean_plus_three_sigma():
    scores = [1.0, 2.0, 3.0, 6.0]
    assert fit_threshold(scores, 'max', origin='training images') == Threshold(6.0, 'training images', 4,
                                                                               'largest score')
    # mean 3, squared deviations 4 + 1 + 0 + 9 over three degrees of freedom
    assert fit_threshold(scores, 'mean_3sigma').value == pytest.approx(3 + 3 * (14 / 3)**0.5)


@pytest.mark.parametrize(('scores', 'options', 'said'), [
    ([], {}, 'no score'), ([0.1, float('nan')], {}, '1 of 2 anomaly scores'), ([np.inf], {}, 'NaN or infinite'),
    ([0.1], dict(rule='mean_3sigma'), 'two normal images'), ([0.1], dict(rule='f1'), 'no rule'),
    ([0.1], dict(quantile=0), 'quantile'), ([0.1], dict(quantile=1.1), 'quantile')])
def test_mistakes(scores, options, said):
    with pytest.raises(UserError, match=said):
        fit_threshold(scores, **options)


@pytest.mark.parametrize('seed', range(12))
def test_oracle_has_the_largest_f1(seed):
    rng = np.random.default_rng(seed)
    labels = np.r_[0, 1, rng.integers(0, 2, 18)]
    scores = np.round(rng.normal(size=20) + 0.8 * labels, 1)  # with ties
    threshold = oracle_threshold(scores, labels)
    candidates = [f1_score(labels, scores > t) for t in [scores.min() - 1, *scores]]
    assert f1_score(labels, scores > threshold.value) == pytest.approx(max(candidates))
    assert threshold.origin == 'oracle' and threshold.count == 20


def test_oracle_takes_the_highest_of_equals_and_separates_what_is_separable():
    assert oracle_threshold([0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1]).value == 0.2
    # both "above 0.3" and "above 0.1" have F1 2/3
    assert oracle_threshold([0.5, 0.4, 0.3, 0.2, 0.1], [1, 0, 0, 1, 0]).value == 0.4


def test_oracle_may_call_every_image_anomalous():
    threshold = oracle_threshold([0.5, 0.4, 0.4], [0, 1, 1])
    assert threshold.value < 0.4 and threshold.value == pytest.approx(0.4)


@pytest.mark.parametrize('labels', [[0, 0, 0], [1, 1, 1]])
def test_without_a_defect_there_is_no_f1_threshold(labels):
    with pytest.raises(UserError, match='one kind is missing'):
        oracle_threshold([0.1, 0.2, 0.3], labels)


def test_in_words():
    assert str(fit_threshold([0.25] * 3)) == '0.25 (hold-out normal images: quantile 0.995, 3 images)'
    assert str(Threshold(0.5, 'given', 0, 'fixed')) == '0.5 (given: fixed)'
