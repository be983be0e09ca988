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
class Limit:
    """A model's present threshold.

    Attributes:
        threshold: With its origin.
        by: Who set it: the name of a user, or :data:`BY_MODEL`.
        change: Its row.
    """

    threshold: Threshold
    by: str
    change: ThresholdChange


def present(fingerprint: str) -> Limit | None:
    """The threshold of one model, None if it has none."""
    return _limit(ThresholdChange.objects.filter(model_id=fingerprint).first())


def all_present() -> dict[str, Limit]:
    """The thresholds of all models that have one, by fingerprint."""
    newest = ThresholdChange.objects.filter(model=OuterRef('model')).order_by('-id').values('id')[:1]
    changes = ThresholdChange.objects.filter(id=Subquery(newest))
    return {change.model_id: _limit(change) for change in changes}


def set_threshold(model: Model, threshold: Threshold, by: str) -> Limit:
    """Make it the model's present threshold; decisions of all its records follow."""
    change = ThresholdChange.objects.create(model=model, value=threshold.value, origin=threshold.origin,
                                            count=threshold.count, rule=threshold.rule, by=by)
    return _limit(change)


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
        if threshold is not None and (own is None or _limit(own).threshold != threshold):
            set_threshold(model, threshold, BY_MODEL)
    return model


def is_defect(record: Record, limits: Mapping[str, Limit]) -> bool | None:
    """The decision; None before there is a score, and for a model without a threshold."""
    limit = limits.get(record.model_id)
    return None if limit is None or record.score is None else record.score > limit.threshold.value


def defective(limits: Mapping[str, Limit]) -> Q:
    """Records whose decision is "defect"."""
    return _compared(limits, 'score__gt')


def good(limits: Mapping[str, Limit]) -> Q:
    """Records whose decision is "good"."""
    return _compared(limits, 'score__lte')


def _compared(limits: Mapping[str, Limit], how: str) -> Q:
    condition = Q(pk__in=())
    for fingerprint, limit in limits.items():
        condition |= Q(state=DONE, model=fingerprint, **{how: limit.threshold.value})
    return condition


def _limit(change: ThresholdChange | None) -> Limit | None:
    if change is None:
        return None
    return Limit(Threshold(change.value, change.origin, change.count, change.rule), change.by, change)
