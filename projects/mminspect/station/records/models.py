"""Tables: models, their thresholds, and one record for every picture."""
from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from mminspect.decisions import Calibration

WAITING, DONE, FAILED = 'waiting', 'done', 'failed'
UPLOAD, CAMERA = 'upload', 'camera'
GOOD, DEFECT = 'good', 'defect'
MARKS = (GOOD, DEFECT)


class Model(models.Model):
    """A model that the station has run, by its fingerprint."""

    fingerprint = models.CharField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    classes = models.JSONField(default=list)
    runtime = models.CharField(max_length=40)
    calibration = models.JSONField(null=True)
    started = models.DateTimeField(default=timezone.now)

    def read_calibration(self) -> Calibration | None:
        """What the model knows about normal images."""
        return None if self.calibration is None else Calibration.from_state(self.calibration)


class ThresholdChange(models.Model):
    """A threshold from its time on; the newest of a model is the present one."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name='changes')
    created = models.DateTimeField(default=timezone.now)
    value = models.FloatField()
    origin = models.CharField(max_length=200)
    count = models.PositiveIntegerField(default=0)
    rule = models.CharField(max_length=200)
    by = models.CharField(max_length=150)

    class Meta:
        """Newest first."""

        ordering = ('-id', )


class Record(models.Model):
    """One picture and what the model said.

    The score is kept, and the threshold of the time; the decision is made with the present threshold of the record's
    model (see :mod:`mminspect.station.records.decisions`), so that it changes with it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    created = models.DateTimeField(default=timezone.now, db_index=True)
    source = models.CharField(max_length=10)
    camera = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=120, blank=True)
    suffix = models.CharField(max_length=8)
    state = models.CharField(max_length=10, default=WAITING, db_index=True)
    error = models.CharField(max_length=500, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    score = models.FloatField(null=True, db_index=True)
    threshold = models.FloatField(null=True)
    threshold_origin = models.CharField(max_length=400, blank=True)
    boxes = models.JSONField(default=list)
    has_map = models.BooleanField(default=False)
    model = models.ForeignKey(Model, null=True, on_delete=models.PROTECT, related_name='records')
    milliseconds = models.JSONField(default=dict)
    mark = models.CharField(max_length=10, blank=True)
    marked_by = models.CharField(max_length=150, blank=True)
    marked_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first; the identifier makes the order of equal times certain."""

        ordering = ('-created', '-id')
        indexes = (models.Index(fields=('source', 'created'), name='records_of_source'), )

    @property
    def ms(self) -> float | None:
        """Milliseconds of all stages together."""
        times: dict[str, Any] = self.milliseconds
        return round(sum(times.values()), 1) if times else None
