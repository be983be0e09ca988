"""What a new calibration is warned of, by hand-made scores."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import ks_2samp

from mminspect.decisions import TRAINING, Calibration, NormalScores, calibration_changes

#: Of the hold-out of a training with 40 pictures of solar cells, and of 30 other good cells.
KEPT = (1.479, 1.539, 1.554, 1.575, 1.593, 1.619, 1.676, 1.816)
OTHERS = (*np.linspace(1.57, 1.91, 12), *np.linspace(2.56, 2.69, 18))


def fitted(scores: Sequence[float], rate: float = 0.12, origin: str = 'kept', **tiles: int) -> Calibration:
    normal = NormalScores.of(scores, origin)
    return Calibration(NormalScores.of(scores).threshold(rate), scores=normal, **tiles)


def test_parts_that_the_model_does_not_know() -> None:
    other, moved = calibration_changes(fitted(KEPT), fitted(OTHERS, 0.04))
    p = ks_2samp(KEPT, OTHERS).pvalue
    above = sum(score > 1.816 for score in OTHERS)
    assert p < 0.01 and f'(p = {p:.1g})' in other and f'{above} of 30 are above the threshold so far, 1.816' in other
    assert '1.57 to 2.69' in other and 'before 1.479 to 1.816' in other and 'where 11 % were expected' in other
    assert 'does not know such images: train it with them' in other
    assert 'from 1.816 to 2.69' in moved and '8 at the new one or below, 0 above' in moved
    assert 'was a defect and is good from now on' in moved


def test_easier_images_are_as_those_of_the_training() -> None:
    rng = np.random.default_rng(0)
    other, moved = calibration_changes(fitted(rng.normal(2, 0.1, 99)), fitted(rng.normal(1, 0.1, 99)))
    assert '0 of 99 are above the threshold so far' in other and 'the training has not seen' in other
    assert '0 at the new one or below, 99 above' in moved and 'more are rejected than the 12 %' in moved


def test_images_of_the_same_parts_are_silent() -> None:
    """At a level of 1 %, four of 100 false alarms would be a surprise of 1 in 500, and five one of 1 in 3000."""
    rng = np.random.default_rng(1)
    told = [calibration_changes(fitted(rng.gamma(9, size=40)), fitted(rng.gamma(9, size=60))) for _ in range(100)]
    assert sum(any('score otherwise' in text for text in texts) for texts in told) <= 3
    assert sum(any('threshold moves' in text for text in texts) for texts in told) <= 3


def test_the_same_images_again_and_another_rate_are_silent() -> None:
    assert calibration_changes(fitted(OTHERS, 0.5), fitted(OTHERS, 0.04)) == []
    assert calibration_changes(fitted([1.0] * 9), fitted([1.0] * 9)) == []


@pytest.mark.parametrize('earlier', [
    None, fitted(KEPT, origin=TRAINING), fitted(KEPT, tile=64, overlap=8),
    Calibration(NormalScores.of(KEPT).threshold(0.12))])
def test_nothing_is_said_where_scores_cannot_be_compared(earlier: Calibration | None) -> None:
    assert calibration_changes(earlier, fitted(OTHERS)) == []


def test_tiles_that_are_the_same_are_compared() -> None:
    assert len(calibration_changes(fitted(KEPT, tile=64, overlap=8), fitted(OTHERS, tile=64, overlap=8))) == 2
    assert len(calibration_changes(fitted(KEPT), fitted(OTHERS, tile=0))) == 2
