"""Trivial cues against scikit-learn, and shifts between splits."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from mminspect.survey.comparing import CATEGORIES, NUMBERS, cues_of, shifts_of
from mminspect.survey.measures import Measures


def image(**figures: Any) -> Measures:
    return Measures(**dict(dict(path='a', digest='', file_bytes=100, suffix='.png', kind='PNG', width=9, height=9,
                                bits=8, colour='grey', orientation=1, mean=100.0, contrast=9.0, sharpness=3.0),
                           **figures))


def some(count: int, seed: int, brighter: float = 0, **figures: Any) -> list[Measures]:
    rng = np.random.default_rng(seed)
    return [image(mean=float(rng.normal(100 + brighter, 5)), contrast=float(rng.normal(20, 5)),
                  sharpness=float(rng.normal(50, 9)), file_bytes=int(rng.integers(90, 120)), **figures)
            for _ in range(count)]


def test_numbers_are_those_of_scikit_learn() -> None:
    good, bad = some(30, 0), some(20, 1, brighter=4)
    cues = {cue.name: cue for cue in cues_of(good, bad)}
    assert set(cues) == {*NUMBERS, *CATEGORIES}
    for name, number in NUMBERS.items():
        expected = roc_auc_score([0] * 30 + [1] * 20, [number(one) for one in [*good, *bad]])
        assert cues[name].auroc == pytest.approx(expected)
        assert cues[name].strength == pytest.approx(max(expected, 1 - expected))
    assert cues['image size'].auroc == 0.5 and not any(cue.telling for cue in cues.values())


@pytest.mark.parametrize(('name', 'good', 'bad'), [
    ('mean grey', {}, dict(brighter=60)), ('mean grey', {}, dict(brighter=-60)),
    ('image size', {}, dict(width=10)), ('suffix of the file', {}, dict(suffix='.jpg')),
    ('file format', {}, dict(kind='JPEG')), ('colour and depth', {}, dict(bits=16))])
def test_each_gives_defects_away(name: str, good: dict, bad: dict) -> None:
    told = [cue for cue in cues_of(some(20, 0, **good), some(20, 1, **bad)) if cue.telling]
    assert [cue.name for cue in told] == [name] and told[0].strength == pytest.approx(1) and told[0].certain


def test_few_images_are_told_with_a_doubt() -> None:
    (cue, ) = (cue for cue in cues_of(some(2, 0), some(2, 1, brighter=60)) if cue.name == 'mean grey')
    assert cue.telling and not cue.certain


def test_splits_are_compared_with_the_first_one() -> None:
    shifts = shifts_of({'train': some(40, 0), 'val': some(30, 1), 'nothing': [], 'test': some(30, 2, brighter=50)})
    found = {(shift.name, shift.second): shift for shift in shifts}
    assert {second for _, second in found} == {'val', 'test'} and all(shift.first == 'train' for shift in shifts)
    assert [key for key, shift in found.items() if shift.telling] == [('mean grey', 'test')]
    moved = found['mean grey', 'test']
    assert moved.auroc == moved.ks == 1 and moved.medians[1] - moved.medians[0] == pytest.approx(50, abs=4)
    assert found['mean grey', 'val'].ks < 0.4
    assert shifts_of({}) == [] and shifts_of({'train': some(3, 0)}) == []
