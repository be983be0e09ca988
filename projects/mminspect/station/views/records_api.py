"""Records and operators' marks, for programs."""
from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from mminspect.station.records import decisions, filters
from mminspect.station.records.description import describe
from mminspect.station.records.models import DONE, MARKS, Record
from mminspect.station.replies import Refused

from .api import ApiView, body_of, number_of

PER_PAGE, MOST_PER_PAGE = 50, 500


def find(record_id: UUID) -> Record:
    """A record with its model; refuses with 404."""
    record = Record.objects.select_related('model').filter(id=record_id).first()
    if record is None:
        raise Refused(404, f'there is no record {record_id}')
    return record


def mark(record: Record, value: str, by: str) -> None:
    """Keep an operator's verdict: good, defect, or nothing to take it back.

    Raises:
        Refused: It is another word, or the picture has not been inspected.
    """
    if value not in ('', *MARKS):
        raise Refused(400, f'a mark is "good", "defect" or empty, got {str(value)[:40]!r}')
    if record.state != DONE:
        raise Refused(409, f'this picture is {record.state}: only inspected ones can be marked')
    record.mark, record.marked_by, record.marked_at = value, by if value else '', timezone.now() if value else None
    record.save(update_fields=['mark', 'marked_by', 'marked_at'])


class RecordsView(ApiView):
    """``GET /api/records``: newest first, a page at a time."""

    accepts_token = ('GET', )

    def get(self, request: HttpRequest) -> JsonResponse:
        """Filters as :class:`~mminspect.station.records.filters.RecordFilter`, ``page`` and ``per_page``."""
        asked = filters.RecordFilter(request.GET)
        if not asked.is_valid():
            raise Refused(400, filters.words_of(asked.errors))
        per_page = int(number_of(request.GET.get('per_page', PER_PAGE), 'per_page'))
        if not 1 <= per_page <= MOST_PER_PAGE:
            raise Refused(400, f'per_page must be 1 to {MOST_PER_PAGE}')
        limits = decisions.thresholds_in_force()
        pages = Paginator(asked.select(limits), per_page)
        number = int(number_of(request.GET.get('page', 1), 'page'))
        if not 1 <= number <= pages.num_pages:
            raise Refused(404, f'there is no page {number} of {pages.num_pages}')
        return JsonResponse(dict(count=pages.count, page=number, pages=pages.num_pages,
                                 records=[describe(record, limits) for record in pages.page(number)]))


class RecordView(ApiView):
    """``GET /api/records/<id>``."""

    accepts_token = ('GET', )

    def get(self, request: HttpRequest, record_id: UUID) -> JsonResponse:
        """One record."""
        return JsonResponse(describe(find(record_id), decisions.thresholds_in_force()))


class MarkView(ApiView):
    """``POST /api/records/<id>/mark``."""

    def post(self, request: HttpRequest, record_id: UUID) -> JsonResponse:
        """``{mark: "good" | "defect" | ""}``; answers with the record."""
        record = find(record_id)
        mark(record, body_of(request).get('mark'), request.user.get_username())
        return JsonResponse(describe(record, decisions.thresholds_in_force()))
