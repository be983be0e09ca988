"""What the worker answers becomes rows of the database; the same answer twice changes nothing."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Case, When
from django.utils import timezone
from numpy.typing import NDArray

from mminspect.station.records import decisions, store
from mminspect.station.records.models import CAMERA, DONE, FAILED, WAITING, Record

#: JPEG quality of kept frames.
QUALITY = 95


def keep_result(record_id: UUID, result: Mapping[str, Any]) -> Record | None:
    """Fill in an upload's result; None if it has one already.

    Args:
        record_id: Identifier of a record that waits.
        result: What the model says, as :meth:`mminspect.inspection.result.InspectionResult.as_dict` gives it.
    """
    with transaction.atomic():
        if not Record.objects.filter(id=record_id, state=WAITING).update(**_fields(record_id, result)):
            return None
    return Record.objects.select_related('model').get(id=record_id)


def keep_failure(record_id: UUID, sentence: str) -> None:
    """An upload that cannot be inspected."""
    Record.objects.filter(id=record_id, state=WAITING).update(state=FAILED, error=sentence[:500])


def keep_frame(record_id: UUID, camera: str, frame: NDArray[np.uint8], result: Mapping[str, Any]) -> Record:
    """A camera's frame (H, W, 3), RGB, with its result; the oldest unmarked ones make room for it."""
    try:
        store.save_jpeg(store.original(record_id, '.jpg'), frame[..., ::-1], QUALITY)
        record = Record.objects.create(id=record_id, source=CAMERA, camera=camera, suffix='.jpg',
                                       **_fields(record_id, result))
    except BaseException:
        store.remove(record_id)  # also what the worker has drawn
        raise
    _make_room()
    return record


def _fields(record_id: UUID, result: Mapping[str, Any]) -> dict[str, Any]:
    limit = decisions.threshold_in_force(result['fingerprint'])
    return dict(
        state=DONE, error='', width=result['width'], height=result['height'], score=result['score'],
        threshold=limit and limit.threshold.value, threshold_origin=str(limit.threshold) if limit else '',
        boxes=result['boxes'], model_id=result['fingerprint'], milliseconds=dict(result['milliseconds']),
        has_map=(store.folder(record_id) / store.HEAT).is_file())


def _make_room() -> None:
    """Delete camera records beyond the number that is kept, a few more at a time so that it is not done each time.

    The oldest go first. After the clock was set back, older ones seem to come from the future: they go before new ones.
    """
    frames = Record.objects.filter(source=CAMERA, mark='')
    count, keep = frames.count(), settings.STATION_LIVE_RECORDS
    if count <= keep * 1.02:
        return
    past = Case(When(created__gt=timezone.now(), then=0), default=1)
    oldest = frames.order_by(past, 'created', 'id').values_list('id', flat=True)
    for record_id in list(oldest[:count - keep]):
        Record.objects.filter(id=record_id).delete()
        store.remove(record_id)
