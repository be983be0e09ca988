"""Pages for people."""
from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View
from django.views.decorators.http import require_safe

from mminspect.decisions import MapScale
from mminspect.station.line import running_line
from mminspect.station.records import decisions, filters
from mminspect.station.records import export as csv_export
from mminspect.station.records.description import describe
from mminspect.station.records.models import CAMERA, UPLOAD, Record
from mminspect.station.replies import Refused

from .records_api import find, mark

PER_PAGE = 40


def station_state(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: state of the line for its head, and whether people log in."""
    try:
        state = running_line(request.scope).state()
    except Refused as stopped:
        state = dict(state='stopped', message=stopped.message, model=None)
    return dict(station=state, login_needed=settings.STATION_LOGIN)


@require_safe
def inspect(request: HttpRequest) -> HttpResponse:
    """Upload pictures."""
    limits = decisions.thresholds_in_force()
    newest = Record.objects.filter(source=UPLOAD).select_related('model')[:6]
    return render(request, 'inspect.html', dict(
        newest=[describe(record, limits) for record in newest], max_megabytes=settings.STATION_MAX_BYTES // 2**20,
        max_megapixels=settings.STATION_MAX_PIXELS // 10**6))


@require_safe
def live(request: HttpRequest, camera: str = '') -> HttpResponse:
    """Watch a camera; without a name the first one."""
    cameras = sorted(running_line(request.scope).cameras)
    if camera and camera not in cameras:
        raise Refused(404, f'there is no camera "{camera}"')
    chosen = camera or (cameras[0] if cameras else '')
    return render(request, 'live.html', dict(cameras=cameras, camera=chosen))


@require_safe
def records(request: HttpRequest) -> HttpResponse:
    """The list with its filters; with unfit filters nothing but what is wrong with them."""
    asked, limits = filters.RecordFilter(request.GET), decisions.thresholds_in_force()
    found = asked.select(limits) if asked.is_valid() else Record.objects.none()
    page = Paginator(found, PER_PAGE).get_page(request.GET.get('page'))
    query = request.GET.copy()
    query.pop('page', None)
    cameras = Record.objects.filter(source=CAMERA).order_by().values_list('camera', flat=True).distinct()
    return render(request, 'records.html', dict(
        asked=asked, page=page, rows=[describe(record, limits) for record in page], query=query.urlencode(),
        cameras=sorted(cameras), errors=filters.words_of(asked.errors)))


async def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV."""
    asked = filters.RecordFilter(request.GET)
    if request.method != 'GET' or not asked.is_valid():
        raise Refused(400, filters.words_of(asked.errors) or 'use GET')
    limits = await sync_to_async(decisions.thresholds_in_force)()
    response = StreamingHttpResponse(_pieces(asked, limits), content_type='text/csv; charset=utf-8')
    name = timezone.localtime().strftime('records_%Y%m%d_%H%M%S.csv')
    response.headers['Content-Disposition'] = f'attachment; filename="{name}"'
    return response


export.accepts_token = ('GET', )


async def _pieces(asked: filters.RecordFilter, limits: dict[str, decisions.ThresholdInForce]) -> AsyncIterator[str]:
    rows = csv_export.rows(asked.select(limits), limits)
    while (piece := await sync_to_async(next)(rows, None)) is not None:
        yield piece


class RecordPage(View):
    """One record; marks are sent here by its buttons."""

    def get(self, request: HttpRequest, record_id: UUID) -> HttpResponse:
        """Everything about it."""
        record, limits = find(record_id), decisions.thresholds_in_force()
        older, newer = _neighbours(record)
        return render(request, 'record.html', dict(
            record=describe(record, limits), row=record, older=older, newer=newer, scale=_scale(record),
            stages=record.milliseconds.items()))

    def post(self, request: HttpRequest, record_id: UUID) -> HttpResponse:
        """Mark it and show it again."""
        mark(find(record_id), request.POST.get('mark'), request.user.get_username())
        return HttpResponseRedirect(request.path)


def _neighbours(record: Record) -> tuple[UUID | None, UUID | None]:
    """The records before and after it, in time."""
    near = Record.objects.exclude(id=record.id)
    older = near.filter(created__lte=record.created).order_by('-created', '-id').first()
    newer = near.filter(created__gte=record.created).order_by('created', 'id').first()
    return older and older.id, newer and newer.id


def _scale(record: Record) -> MapScale | None:
    """The values that the heat map's colours stand for."""
    calibration = record.model and record.model.read_calibration()
    return calibration and calibration.fused


@require_safe
def scores(request: HttpRequest) -> HttpResponse:
    """Scores over time and the threshold; the script fetches the numbers."""
    return render(request, 'scores.html', dict(model=running_line(request.scope).model))
