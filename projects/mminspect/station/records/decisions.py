"""Thresholds of the models and the decisions that follow from them."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from mminspect.decisions import Threshold

from .models import DONE, Model, Record, ThresholdChange

#: Who set a threshold that came with the model's file.
BY_MODEL = 'model'


@dataclass(frozen=True)
class ThresholdInForce:
    """A model's threshold in force: the newest one.

    Attributes:
        threshold: Its value with its origin.
        by: Who set it: the name of a user, or :data:`BY_MODEL`.
        change: The row of the database that says so.
    """

    threshold: Threshold
    by: str
    change: ThresholdChange


def threshold_in_force(fingerprint: str) -> ThresholdInForce | None:
    """The threshold of one model, None if it has none."""
    return _in_force(ThresholdChange.objects.filter(model_id=fingerprint).first())


def thresholds_in_force() -> dict[str, ThresholdInForce]:
    """The thresholds of all models that have one, by fingerprint."""
    newest = ThresholdChange.objects.filter(model=OuterRef('model')).order_by('-id').values('id')[:1]
    changes = ThresholdChange.objects.filter(id=Subquery(newest))
    return {change.model_id: _in_force(change) for change in changes}


def set_threshold(model: Model, threshold: Threshold, by: str) -> ThresholdInForce:
    """Put it in force for the model; decisions of all its records follow."""
    change = ThresholdChange.objects.create(model=model, value=threshold.value, origin=threshold.origin,
                                            count=threshold.count, rule=threshold.rule, by=by)
    return _in_force(change)


def register_model(info: Mapping[str, Any]) -> Model:
    """Note that a model runs; the threshold in its file counts if it is new or has changed since it ran last.

    Args:
        info: ``name, kind, classes, fingerprint, runtime``, ``calibration`` (its state or None) and ``threshold``
            (:class:`Threshold` or None).
    """
    fields = {key: info[key] for key in ('name', 'kind', 'runtime', 'calibration')}
    fields.update(classes=list(info['classes']), started=timezone.now())
    with transaction.atomic():
        model, _ = Model.objects.update_or_create(fingerprint=info['fingerprint'], defaults=fields)
        own, threshold = model.changes.filter(by=BY_MODEL).first(), info['threshold']
        if threshold is not None and (own is None or _in_force(own).threshold != threshold):
            set_threshold(model, threshold, BY_MODEL)
    return model


def is_defect(record: Record, limits: Mapping[str, ThresholdInForce]) -> bool | None:
    """The decision; None before there is a score, and for a model without a threshold."""
    limit = limits.get(record.model_id)
    return None if limit is None or record.score is None else record.score > limit.threshold.value


def defective(limits: Mapping[str, ThresholdInForce]) -> Q:
    """Records whose decision is "defect"."""
    return _compared(limits, 'score__gt')


def good(limits: Mapping[str, ThresholdInForce]) -> Q:
    """Records whose decision is "good"."""
    return _compared(limits, 'score__lte')


def _compared(limits: Mapping[str, ThresholdInForce], how: str) -> Q:
    condition = Q(pk__in=())
    for fingerprint, limit in limits.items():
        condition |= Q(state=DONE, model=fingerprint, **{how: limit.threshold.value})
    return condition


def _in_force(change: ThresholdChange | None) -> ThresholdInForce | None:
    if change is None:
        return None
    return ThresholdInForce(Threshold(change.value, change.origin, change.count, change.rule), change.by, change)
