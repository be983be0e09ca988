"""Uploads."""
from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, JsonResponse

from mminspect.station import intake, replies, uploads
from mminspect.station.line import running_line
from mminspect.station.records import decisions
from mminspect.station.records.description import describe
from mminspect.station.records.models import WAITING, Record

from .api import ApiView, number_of

#: Seconds that an answer waits for the model, unless ``?wait=`` says otherwise, and at most.
WAIT, LONGEST_WAIT = 30.0, 120.0


class DetectView(ApiView):
    """``POST /api/detect``: one picture or many, as files of a multipart form."""

    accepts_token = ('POST', )

    async def post(self, request: HttpRequest) -> JsonResponse:
        """Keep them, wait for the model, and describe the records.

        One file is answered with its record, several with ``{results: [...]}`` in their order, where a refused one has
        ``error`` and ``status``. 202: kept, but the model has not come to it yet; ask at ``/api/records/<id>``.
        """
        seconds = min(number_of(request.GET.get('wait', WAIT), 'wait'), LONGEST_WAIT)
        kept = await sync_to_async(_keep_all)(request)
        records = [one for one in kept if isinstance(one, Record)]
        if seconds > 0 and records:
            inbox = running_line(request.scope).inbox
            inbox.wake()
            await _wait(inbox, records, seconds)
        return await sync_to_async(_answer)(kept)


async def _wait(inbox: Any, records: list[Record], seconds: float) -> None:
    """Until the last one is done, all together no longer than this; the worker takes them in order."""
    end = time.monotonic() + seconds
    for record in records:
        await inbox.result_of(record.id, max(0.0, end - time.monotonic()))


def _keep_all(request: HttpRequest) -> list[Record | dict[str, Any]]:
    files = [file for name in request.FILES for file in request.FILES.getlist(name)]
    if not files:
        raise replies.Refused(400, 'there is no file: send pictures as multipart/form-data, field "image"')
    ids, folders = (_one_each(request, field, len(files)) for field in ('id', 'folder'))
    kept = [_keep(*one) for one in zip(files, ids, folders, strict=True)]
    running_line(request.scope).inbox.wake()
    return kept


def _one_each(request: HttpRequest, field: str, count: int) -> list[str]:
    """What a field of the form says of each file; empty where it is not sent."""
    values = request.POST.getlist(field) or [''] * count
    if len(values) != count:
        raise replies.Refused(400, f'{len(values)} fields "{field}" came with {count} files: send one for each, or '
                                   'none')
    return values


def _keep(file: UploadedFile, record_id: str, folder: str) -> Record | dict[str, Any]:
    """The record, or what is wrong."""
    try:
        return intake.accept(file, file.name or '', _uuid(record_id) if record_id else None, folder)
    except Exception as error:
        if not (known := replies.status_and_message(error)):
            raise
        return dict(name=uploads.shown_name(file.name or '', folder), status=known[0], error=known[1])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise replies.Refused(400, f'id must be a UUID, got {text[:40]!r}') from error


def _answer(kept: list[Record | dict[str, Any]]) -> JsonResponse:
    limits = decisions.thresholds_in_force()
    found = Record.objects.select_related('model').in_bulk([one.id for one in kept if isinstance(one, Record)])
    described = [describe(found[one.id], limits) if isinstance(one, Record) else one for one in kept]
    refused = [one['status'] for one in described if 'status' in one]
    if len(refused) == len(described):
        status = refused[0]
    else:
        status = 202 if any(one.get('state') == WAITING for one in described) else 200
    return JsonResponse(described[0] if len(described) == 1 else dict(results=described), status=status)
