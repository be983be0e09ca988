"""Pictures of records."""
from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from mminspect.station.records import store
from mminspect.station.records.models import Record
from mminspect.station.replies import Refused

from .api import ApiView

CHUNK = 2**18
#: The type of an original comes from what it was decoded as, never from its name.
TYPES = {'.png': 'image/png', '.jpg': 'image/jpeg', '.tif': 'image/tiff', '.bmp': 'image/bmp', '.webp': 'image/webp',
         '.jp2': 'image/jp2', '.j2k': 'image/j2c'}
PICTURES = dict(view=store.VIEW, heat=store.HEAT, overlay=store.OVERLAY)


class PictureView(ApiView):
    """``GET /media/<id>/view|heat|overlay|thumb``: what browsers show."""

    accepts_token = ('GET', 'HEAD')

    def get(self, request: HttpRequest, record_id: UUID, kind: str) -> HttpResponse:
        """The picture, which never changes."""
        path = store.thumb(record_id) if kind == 'thumb' else store.folder(record_id) / PICTURES.get(kind, '')
        if path is None or not path.is_file():
            raise Refused(404, f'record {record_id} has no picture "{kind}"')
        response = HttpResponse(path.read_bytes(), content_type=TYPES[path.suffix])
        response.headers['Cache-Control'] = 'private, max-age=86400, immutable'
        return response


class OriginalView(ApiView):
    """``GET /media/<id>/original``: the picture as it came, as a download."""

    accepts_token = ('GET', 'HEAD')

    async def get(self, request: HttpRequest, record_id: UUID) -> HttpResponseBase:
        """In pieces: a line scan may have hundreds of megabytes."""
        record = await Record.objects.filter(id=record_id).afirst()
        path = record and store.original(record_id, record.suffix)
        if path is None or not await sync_to_async(path.is_file)():
            raise Refused(404, f'there is no record {record_id}')
        response = StreamingHttpResponse(_pieces(path), content_type=TYPES.get(record.suffix,
                                                                               'application/octet-stream'))
        response.headers['Content-Length'] = str((await sync_to_async(path.stat)()).st_size)
        response.headers['Content-Disposition'] = f'attachment; filename="{record_id}{record.suffix}"'
        return response


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    file = await sync_to_async(path.open)('rb')
    try:
        while piece := await sync_to_async(file.read)(CHUNK):
            yield piece
    finally:
        file.close()
