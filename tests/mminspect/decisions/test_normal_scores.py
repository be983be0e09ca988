"""Conformal thresholds against the definition, by brute force and by simulation."""
import json

import numpy as np
import pytest
from scipy.stats import binom

from mminspect.core.errors import UserError
from mminspect.decisions import TRAINING, NormalScores, lowest_percentage, needed_images, percentage


@pytest.mark.parametrize(('rate', 'needed'), [(0.5, 1), (0.1, 9), (0.05, 19), (0.01, 99), (0.001, 999), (0.3, 3)])
def test_images_needed_by_brute_force(rate: float, needed: int) -> None:
    # the largest of n scores is exceeded with probability 1 / (n + 1)
    assert needed_images(rate) == needed == next(n for n in range(1, 2000) if 1 / (n + 1) <= rate + 1e-12)


@pytest.mark.parametrize('rate', [0.0, 1.0, -0.1, 2.0, float('nan')])
def test_rates_outside_are_refused(rate: float) -> None:
    with pytest.raises(UserError, match='between 0 and 1'):
        needed_images(rate)


@pytest.mark.parametrize(('count', 'rate'), [(99, 0.01), (199, 0.01), (150, 0.05), (20, 0.2), (9, 0.1)])
def test_threshold_is_the_smallest_score_that_keeps_the_promise(count: int, rate: float) -> None:
    scores = np.random.default_rng(count).permutation(np.arange(count) * 2.0)
    threshold = NormalScores.of(scores).threshold(rate)
    kept = [s for s in sorted(scores) if (np.sum(scores > s) + 1) / (count + 1) <= rate + 1e-12]
    assert threshold.value == kept[0] and threshold.count == count and f'{100 * rate:g} %' in threshold.rule


def test_too_few_images_say_how_many_are_needed() -> None:
    scores = NormalScores.of(range(98))
    with pytest.raises(UserError, match=r'98 normal images are too few .* of 1 %: calibrate with 99 at least'):
        scores.threshold(0.01)
    assert NormalScores.of(range(99)).threshold(0.01).value == 98


def test_training_images_promise_nothing() -> None:
    seen = NormalScores.of(range(200), TRAINING)
    assert not seen.unseen and NormalScores.of(range(200)).unseen
    with pytest.raises(UserError, match=r'200 scores in the model are of its training images.*calibrate'):
        seen.threshold(0.1)


def test_rate_that_is_advised_is_not_refused_and_the_next_lower_one_is() -> None:
    for count in range(1, 3000):
        said = lowest_percentage(count)
        assert needed_images(float(said) / 100) <= count, (count, said)
        digit = 10 ** (np.floor(np.log10(100 / (count + 1))) - 1)
        assert needed_images((float(said) - digit) / 100) > count, (count, said)
    with pytest.raises(UserError, match=r'ask for 1\.1 % or more'):  # 1.01: 1 % would be what is refused
        NormalScores.of(range(98)).threshold(0.01)


def test_promise_holds_on_average_and_the_interval_covers() -> None:
    rng = np.random.default_rng(0)
    rates, covered = [], []
    for _ in range(1500):
        scores = NormalScores.of(rng.uniform(size=60))
        value = scores.threshold(0.05).value
        rates.append(1 - value)  # the true rate for uniform scores
        estimate = scores.false_reject_rate(value)
        covered.append(estimate.low <= 1 - value <= estimate.high)
    assert np.mean(rates) == pytest.approx(3 / 61, abs=0.003)  # k = 58 of 60: expected 1 - 58 / 61
    assert np.mean(covered) > 0.945


def test_interval_is_clopper_pearsons() -> None:
    scores = NormalScores.of(range(200))
    estimate = scores.false_reject_rate(195.5, confidence=0.9)  # 196 to 199 are above
    # the ends are the rates at which as many, or as few, as four of 200 have probability 5 %
    assert binom.sf(3, 200, estimate.low) == pytest.approx(0.05, rel=1e-6)
    assert binom.cdf(4, 200, estimate.high) == pytest.approx(0.05, rel=1e-6)
    assert (estimate.rate, estimate.count) == (5 / 201, 200)
    assert 'interval 0.69 to 4.5 %, 200 normal images' in str(estimate)
    assert scores.false_reject_rate(195).rate == 5 / 201  # a score equal to the threshold is not rejected
    assert scores.false_reject_rate(500).low == 0.0 and scores.false_reject_rate(-1).high == 1.0


@pytest.mark.parametrize(('value', 'said'), [(-1, '100 % (95 % interval 16 to 100 %, 2 normal images)'),
                                             (9, '33 % (95 % interval 0 to 84 %, 2 normal images)')])
def test_rates_in_words(value: float, said: str) -> None:
    estimate = NormalScores.of([1.0, 2.0]).false_reject_rate(value)
    assert str(estimate) == estimate.beside(None) == estimate.beside(estimate.rate) == said
    assert estimate.beside(0.4) == f'{said}; asked for: at most 40 %'


def test_state_survives_json_and_order_does_not_matter() -> None:
    scores = NormalScores.of([3.0, 1.0, 2.0], 'training images')
    again = NormalScores.from_state(json.loads(json.dumps(scores.state())))
    assert again == scores == NormalScores((1.0, 2.0, 3.0), 'training images')
    assert scores.histogram(2)[0].tolist() == [1, 2]


@pytest.mark.parametrize('scores', [[], [1.0, float('nan')], [float('inf')]])
def test_unusable_scores(scores: list[float]) -> None:
    with pytest.raises(UserError, match=r'no score|NaN or infinite'):
        NormalScores.of(scores)


@pytest.mark.parametrize(('share', 'said'), [(1 / 9, '11'), (0.12, '12'), (0.125, '12.5'), (0.01, '1'), (0.001, '0.1'),
                                             (1 / 3, '33'), (0.9951, '99.5'), (1.0, '100'), (0.0, '0'),
                                             (0.0125, '1.25'), (2 / 3, '67'), (5 / 201, '2.5')])
def test_a_share_is_written_in_one_way(share: float, said: str) -> None:
    assert percentage(share) == said
