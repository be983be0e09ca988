"""A record as plain numbers and strings: what the API answers and what browsers get over a websocket."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from . import decisions
from .models import DONE, Record


def describe(record: Record, limits: Mapping[str, decisions.ThresholdInForce]) -> dict[str, Any]:
    """Everything about one record.

    ``is_defect`` and ``threshold`` are of now, ``threshold_then`` is that of the time when the picture was inspected.
    ``ms`` is the sum of ``milliseconds``. Addresses of pictures that do not exist are null.
    """
    limit, model = limits.get(record.model_id), record.model
    return dict(
        id=str(record.id), created=timezone.localtime(record.created).isoformat(), source=record.source,
        camera=record.camera, name=record.name, state=record.state, error=record.error, score=record.score,
        is_defect=decisions.is_defect(record, limits), threshold=limit and limit.threshold.value,
        threshold_origin=str(limit.threshold) if limit else '', threshold_then=record.threshold,
        threshold_then_origin=record.threshold_origin, mark=record.mark, width=record.width, height=record.height,
        boxes=record.boxes, model=model and model.name, kind=model and model.kind, fingerprint=record.model_id,
        runtime=model and model.runtime, ms=record.ms, milliseconds=record.milliseconds, **addresses(record))


def addresses(record: Record) -> dict[str, str | None]:
    """Where the page of a record and its pictures are."""
    pictures, done = f'/media/{record.id}', record.state == DONE
    return dict(url=f'/records/{record.id}', original_url=f'{pictures}/original',
                view_url=f'{pictures}/view' if done else None, overlay_url=f'{pictures}/overlay' if done else None,
                map_url=f'{pictures}/heat' if done and record.has_map else None,
                thumb_url=f'{pictures}/thumb' if done else None)
