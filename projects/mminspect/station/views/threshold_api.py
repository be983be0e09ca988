"""The threshold, scores over time and the station's state, for programs and for the pages' scripts."""
from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from mminspect.decisions import Threshold
from mminspect.station.line import running_line
from mminspect.station.records import decisions, rates
from mminspect.station.records.models import DONE, WAITING, Model, Record
from mminspect.station.replies import Refused

from .api import ApiView, body_of, number_of

#: Points of the chart unless ``?limit=`` says otherwise, and at most; bars of the histogram.
POINTS, MOST_POINTS, BARS = 500, 5000, 30


def running_model(request: HttpRequest) -> Model:
    """The model that runs, or the one that ran last.

    Raises:
        Refused: None has run yet.
    """
    model = running_line(request.scope).model or Model.objects.order_by('-started').first()
    if model is None:
        raise Refused(409, 'no model has been loaded yet: try again in a moment')
    return model


class ThresholdView(ApiView):
    """``GET`` and ``POST /api/threshold``."""

    accepts_token = ('GET', )

    def get(self, request: HttpRequest) -> JsonResponse:
        """The present threshold; with ``?value=``, what that value would mean."""
        model = running_model(request)
        if 'value' in request.GET:
            return JsonResponse(rates.preview(model, number_of(request.GET['value'], 'value')))
        return JsonResponse(rates.describe_threshold(model, decisions.threshold_in_force(model.fingerprint)))

    def post(self, request: HttpRequest) -> JsonResponse:
        """Set it: ``{value}``, ``{false_reject_rate}``, or ``{reset: true}`` for that of the model's file."""
        model, who = running_model(request), request.user.get_username() or 'operator'
        limit = decisions.set_threshold(model, _wanted(model, body_of(request)), who)
        running_line(request.scope).threshold = limit.threshold
        return JsonResponse(rates.describe_threshold(model, limit))


def _wanted(model: Model, asked: dict[str, Any]) -> Threshold:
    if asked.get('reset'):
        calibration = model.read_calibration()
        if calibration is None:
            raise Refused(409, 'the model has no threshold of its own: calibrate it with mminspect calibrate')
        return calibration.threshold
    if 'false_reject_rate' in asked:
        if (scores := rates.normal_scores(model)) is None:
            raise Refused(409, 'the model has no calibration scores: calibrate it with mminspect calibrate')
        return scores.threshold(number_of(asked['false_reject_rate'], 'false_reject_rate'))
    if 'value' not in asked:
        raise Refused(400, 'send "value", "false_reject_rate" or "reset"')
    return Threshold(number_of(asked['value'], 'value'), 'station', 0, 'set by hand')


class ScoresView(ApiView):
    """``GET /api/scores``: the last scores of the model, its calibration's histogram, and drift."""

    accepts_token = ('GET', )

    def get(self, request: HttpRequest) -> JsonResponse:
        """``points`` are [time, score, id, mark], oldest first."""
        model = running_model(request)
        count = int(number_of(request.GET.get('limit', POINTS), 'limit'))
        if not 1 <= count <= MOST_POINTS:
            raise Refused(400, f'limit must be 1 to {MOST_POINTS}')
        newest = Record.objects.filter(state=DONE, model=model).values_list('created', 'score', 'id', 'mark')[:count]
        points = [[timezone.localtime(time).isoformat(), score, str(record_id), mark]
                  for time, score, record_id, mark in reversed(newest)]
        limit = decisions.threshold_in_force(model.fingerprint)
        return JsonResponse(dict(points=points, normal=_histogram(model), drift=rates.drift(model),
                                 threshold=rates.describe_threshold(model, limit)))


def _histogram(model: Model) -> dict[str, Any] | None:
    if (scores := rates.normal_scores(model)) is None:
        return None
    counts, edges = scores.histogram(BARS)
    return dict(counts=counts.tolist(), edges=edges.tolist(), count=len(scores), origin=scores.origin)


class StatusView(ApiView):
    """``GET /api/status``."""

    accepts_token = ('GET', )

    def get(self, request: HttpRequest) -> JsonResponse:
        """State of the model and the number of pictures that wait."""
        waiting = Record.objects.filter(state=WAITING).count()
        return JsonResponse(dict(running_line(request.scope).state(), waiting=waiting))
