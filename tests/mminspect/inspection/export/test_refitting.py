"""Thresholds of a network that scores otherwise than the one with the calibration."""
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspection_helpers import Brightness, anomaly_spec, write_images
from mminspect.decisions import NormalScores, Threshold
from mminspect.inspection.calibrating import calibrate
from mminspect.inspection.export.refitting import refit
from mminspect.inspection.inspector import Inspector

GREYS = dict(a=40, b=60, c=80, d=100, e=120, f=140)


class Shifted(Brightness):
    """Scores and maps are larger by 0.3."""

    def __call__(self, images):
        return {name: values + np.float32(0.3) for name, values in super().__call__(images).items()}


@pytest.fixture
def folder(tmp_path) -> Path:
    return write_images(tmp_path, **{name: (grey, None) for name, grey in GREYS.items()})


def calibrated(folder: Path, names: str, **tiles) -> Brightness:
    """A network with the calibration by some of the images."""
    inspector = Inspector(Brightness(anomaly_spec(calibration=None)), *tiles.values())
    found = calibrate([inspector(folder / f'{name}.png') for name in names], 0.3, 'kept', **tiles)
    return Brightness(anomaly_spec(calibration=found.state()))


def files(folder: Path, names: str) -> list[Path]:
    return [folder / f'{name}.png' for name in names]


@pytest.mark.parametrize('tiles', [{}, dict(tile=48, overlap=0)])
def test_the_calibration_s_images_are_found_among_others(folder, tiles) -> None:
    exact = calibrated(folder, 'bdf', **tiles)
    before = Inspector(exact).calibration
    assert before.threshold.value == pytest.approx(140 / 255)
    after = refit(exact, Shifted(anomaly_spec(calibration=None)), files(folder, 'fedcba'))
    assert after.scores.values == pytest.approx([grey / 255 + 0.3 for grey in (60, 100, 140)])
    assert after.threshold == replace(before.threshold, value=after.scores.values[-1])
    assert after.fused.limit == pytest.approx(before.fused.limit + 0.3)
    assert after.fused.low == pytest.approx(before.fused.low + 0.3)
    assert (after.tile, after.overlap, after.scores.origin) == (before.tile, before.overlap, 'kept')


def test_where_no_threshold_follows(folder) -> None:
    exact, other = calibrated(folder, 'bdf'), Shifted()
    assert refit(exact, other, files(folder, 'bdf')) is not None
    assert refit(exact, other, files(folder, 'bd')) is None and refit(exact, other, files(folder, 'abcde')) is None
    assert refit(Brightness(anomaly_spec(calibration=None)), other, files(folder, 'bdf')) is None
    known = Inspector(exact).calibration
    for state in (replace(known, scores=None), replace(known, threshold=Threshold(0.5, 'given', 0)),
                  replace(known, scores=NormalScores.of([0.9, 0.91, 0.92]))):
        assert refit(Brightness(anomaly_spec(calibration=state.state())), other, files(folder, 'abcdef')) is None
