"""The drift monitor against the definition of the statistic and against simulated lines."""
import math

import numpy as np
import pytest

from mminspect.core.errors import UserError
from mminspect.decisions import DriftMonitor, NormalScores


def monitor(scores: np.ndarray, window: int = 50, alpha: float = 0.001, count: int = 300) -> DriftMonitor:
    found = DriftMonitor(NormalScores.of(np.random.default_rng(1).normal(size=count)), window, alpha)
    for score in scores:
        found.add(score)
    return found


def test_statistic_is_the_largest_distance_of_the_distributions() -> None:
    scores = np.random.default_rng(2).normal(0.3, 1, size=70)
    report = monitor(scores).report()
    reference = np.random.default_rng(1).normal(size=300)
    points = np.concatenate([reference, scores[-50:]])  # the window holds the last fifty
    distances = [abs(np.mean(reference <= p) - np.mean(scores[-50:] <= p)) for p in points]
    assert report.statistic == pytest.approx(max(distances)) and report.count == 50


def test_nothing_is_said_before_the_window_is_full() -> None:
    report = monitor(np.full(49, 9.0)).report()
    assert not report.drifted and math.isnan(report.p_value) and report.count == 49
    assert monitor(np.full(50, 9.0)).report().drifted


def test_moved_scores_are_seen_and_a_few_defects_are_not() -> None:
    rng = np.random.default_rng(3)
    assert monitor(rng.normal(1.0, 1, size=100)).report().drifted
    with_defects = rng.normal(size=100)
    with_defects[::25] = 50.0  # four parts of a hundred
    assert not monitor(with_defects).report().drifted


def test_false_alarms_are_as_rare_as_promised() -> None:
    rng = np.random.default_rng(4)
    alarms = sum(drifted(rng) for _ in range(400))
    assert alarms <= 40  # five percent of 400 are 20


def drifted(rng: np.random.Generator) -> bool:
    found = DriftMonitor(NormalScores.of(rng.normal(size=100)), 40, alpha=0.05)
    for score in rng.normal(size=40):
        found.add(score)
    return found.report().drifted


def test_scores_that_are_no_numbers_are_left_out() -> None:
    found = monitor(np.array([float('nan'), float('inf'), 1.0]))
    assert found.report().count == 1


@pytest.mark.parametrize(('window', 'alpha'), [(9, 0.1), (50, 0.0), (50, 1.0)])
def test_senseless_settings(window: int, alpha: float) -> None:
    with pytest.raises(UserError, match='window of 10 scores'):
        DriftMonitor(NormalScores.of([1.0]), window, alpha)
