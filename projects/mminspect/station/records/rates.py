"""What a threshold would mean: for good parts, by the calibration, and for the records there are."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from mminspect.decisions import DriftMonitor, NormalScores

from . import decisions
from .models import DONE, Model, Record


def preview(model: Model, value: float) -> dict[str, Any]:
    """Expected false-reject rate, or None and ``rate_unknown`` with the reason, and how many records would be what."""
    scores, records = normal_scores(model), Record.objects.filter(state=DONE, model=model)
    defects, unknown = records.filter(score__gt=value).count(), _why_unknown(scores)
    return dict(value=value, rate=None if unknown else asdict(scores.false_reject_rate(value)), rate_unknown=unknown,
                records=dict(defect=defects, good=records.count() - defects))


def _why_unknown(scores: NormalScores | None) -> str:
    """Why no false-reject rate follows from these scores; empty if it does."""
    if scores is None:
        return 'the model has no calibration scores'
    return '' if scores.unseen else ('the model was calibrated on its own training images, whose scores are lower than '
                                     'those of new good parts; run mminspect calibrate with others')


def describe_threshold(model: Model, limit: decisions.ThresholdInForce | None) -> dict[str, Any]:
    """The present threshold with everything that a slider needs."""
    shown = dict(model=model.name, fingerprint=model.fingerprint, range=slider_range(model, limit))
    if limit is None:
        return dict(shown, value=None, origin='', count=0, rule='', by='', since=None, rate=None, records=None,
                    rate_unknown='there is no threshold')
    threshold = limit.threshold
    return dict(shown, origin=threshold.origin, count=threshold.count, rule=threshold.rule, by=limit.by,
                since=timezone.localtime(limit.change.created).isoformat(), **preview(model, threshold.value))


def slider_range(model: Model, limit: decisions.ThresholdInForce | None) -> tuple[float, float]:
    """From the smallest to the largest score, of calibration and records, with a little room."""
    seen = Record.objects.filter(state=DONE, model=model).aggregate(low=Min('score'), high=Max('score'))
    scores = normal_scores(model)
    values = [value for value in (*seen.values(), *(scores.values[:1] + scores.values[-1:] if scores else ()),
                                  limit and limit.threshold.value) if value is not None] or [0.0, 1.0]
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def normal_scores(model: Model) -> NormalScores | None:
    """Scores of the normal images of the calibration."""
    calibration = model.read_calibration()
    return calibration and calibration.scores


def drift(model: Model) -> Mapping[str, Any] | None:
    """The last scores against those of the calibration; None without one, or one on training images.

    The values of ``p_value`` and ``statistic`` are None before the window is full.
    """
    reference = normal_scores(model)
    if reference is None or not reference.unseen:
        return None
    monitor = DriftMonitor(reference, settings.STATION_DRIFT_WINDOW)
    newest = Record.objects.filter(state=DONE, model=model).order_by('-created', '-id').values_list('score', flat=True)
    for score in reversed(newest[:settings.STATION_DRIFT_WINDOW]):
        monitor.add(score)
    report = asdict(monitor.report())
    unknown = [key for key in ('p_value', 'statistic') if math.isnan(report[key])]
    return dict(report, **dict.fromkeys(unknown), window=settings.STATION_DRIFT_WINDOW)
