"""The same rule on other scores of the same images."""
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from mminspect.decisions import (
    Calibration,
    MapScale,
    NormalImage,
    Threshold,
    fit_calibration,
    refit_calibration,
    same_images,
)


def images(seed: int, count: int) -> list[NormalImage]:
    rng = np.random.default_rng(seed)
    return [NormalImage(*rng.random(1), (float(low), ), (float(low + 1), )) for low in rng.random(count)]


@pytest.mark.parametrize('rule', [dict(rule='quantile', quantile=0.9), dict(rule='quantile', quantile=0.995), dict(
    rule='max'), dict(rule='mean_3sigma'), dict(rate=0.11), dict(rate=0.5)])
def test_as_if_fitted_on_the_new_scores(rule: dict) -> None:
    before, after = images(0, 24), images(1, 24)
    earlier = replace(fit_calibration(before, origin='mine', **rule), tile=64, overlap=8, settings=dict(a='b'),
                      levels=(MapScale(0, 1), ))
    expected = fit_calibration(after, origin='mine', **rule)
    assert refit_calibration(earlier, after) == replace(expected, tile=64, overlap=8, settings=dict(a='b'))
    assert expected.threshold.value != earlier.threshold.value


def test_a_model_without_maps() -> None:
    earlier = fit_calibration([NormalImage(score) for score in (1, 2, 3)], rate=0.5)
    assert earlier.threshold.value == 2
    again = refit_calibration(earlier, [NormalImage(score) for score in (30, 10, 20)])
    assert again.threshold.value == 20 and again.fused is None


def test_a_threshold_that_does_not_follow_from_scores() -> None:
    earlier, after = fit_calibration(images(0, 5), rule='max'), images(1, 5)
    for other in (replace(earlier, scores=None), replace(earlier, threshold=Threshold(0.123, 'mine', 5)),
                  replace(earlier, threshold=replace(earlier.threshold, count=4)),
                  Calibration(Threshold(0.5, 'given', 0))):
        assert refit_calibration(other, after) is None
    assert refit_calibration(earlier, after[:4]) is None


def test_which_images_against_all_choices() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        known = np.sort(rng.integers(0, 12, rng.integers(1, 4)) / 10).tolist()
        scores = (rng.integers(0, 12, rng.integers(1, 6)) / 10).tolist()
        possible = any(all(abs(scores[place] - value) <= 0.11 for place, value in zip(choice, known, strict=True))
                       for choice in permutations(range(len(scores)), len(known)))
        found = same_images(known, scores, 0.11)
        assert (found is not None) == possible
        if found is not None:
            assert len({*found}) == len(known)
            assert all(abs(scores[place] - value) <= 0.11 for place, value in zip(found, known, strict=True))


def test_images_in_another_order_among_others() -> None:
    assert same_images([0.1, 0.2, 0.3], [0.9, 0.3001, 0.15, 0.1, 0.2], 1e-3) == [3, 4, 1]
    assert same_images([0.1, 0.1], [0.1, 0.5], 1e-3) is None and same_images([], [0.5], 1e-3) == []
