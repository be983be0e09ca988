"""What thresholds mean, and drift, against their definitions."""
from __future__ import annotations

import numpy as np
import pytest
from django.test import override_settings
from scipy.stats import ks_2samp

from mminspect.core.errors import UserError
from mminspect.decisions import Threshold
from mminspect.station.records import decisions, rates
from mminspect.station.records.models import DONE, Model, Record
from station_site import CALIBRATION, INFO, NORMAL

pytestmark = pytest.mark.usefixtures('database')


def model_with(scores: list[float], calibration: dict | None = CALIBRATION) -> Model:
    model = decisions.register_model(dict(INFO, calibration=calibration, threshold=Threshold(0.5, 'x', 1)))
    for score in scores:
        Record.objects.create(suffix='.png', state=DONE, score=score, model=model)
    return model


def test_preview_counts_strictly_above() -> None:
    shown = rates.preview(model_with([0.1, 0.3, 0.3, 0.9]), 0.3)
    assert shown['records'] == dict(defect=1, good=3)
    rate = shown['rate']
    assert rate['count'] == len(NORMAL) and rate['low'] < rate['rate'] < rate['high']


def test_without_calibration_scores_no_rate_is_claimed() -> None:
    for calibration in (None, dict(CALIBRATION, scores=None)):
        model = model_with([0.1], calibration)
        shown = rates.preview(model, 0.3)
        assert shown['rate'] is None and 'no calibration scores' in shown['rate_unknown']
        assert rates.drift(model) is None


def test_training_images_promise_nothing() -> None:
    seen = dict(CALIBRATION, scores=dict(CALIBRATION['scores'], origin='training images'))
    with override_settings(STATION_DRIFT_WINDOW=10):
        model = model_with([0.9] * 20, seen)
        shown = rates.preview(model, 0.3)
        assert shown['rate'] is None and 'its own training images' in shown['rate_unknown']
        assert rates.drift(model) is None
    with pytest.raises(UserError, match='training images'):
        rates.normal_scores(model).threshold(0.1)


def test_the_slider_reaches_every_score_and_the_threshold() -> None:
    low, high = rates.slider_range(model_with([-2.0, 7.0]), decisions.threshold_in_force(INFO['fingerprint']))
    assert low < -2 and high > 7
    Record.objects.all().delete()
    low, high = rates.slider_range(model_with([], None), None)
    assert low < high


def test_drift_looks_at_the_newest_scores_only() -> None:
    generator = np.random.default_rng(0)
    with override_settings(STATION_DRIFT_WINDOW=50):
        model = model_with(generator.choice(NORMAL, 50).tolist())
        report = rates.drift(model)
        assert not report['drifted'] and report['count'] == report['window'] == 50
        moved = (generator.choice(NORMAL, 50) + 0.4).tolist()
        for score in moved:
            Record.objects.create(suffix='.png', state=DONE, score=score, model=model)
        report = rates.drift(model)
        expected = ks_2samp(NORMAL, moved)
        assert report['drifted'] and report['p_value'] == pytest.approx(expected.pvalue)
        assert report['statistic'] == pytest.approx(expected.statistic)
