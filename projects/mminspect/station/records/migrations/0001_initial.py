"""The first tables."""
from __future__ import annotations

import uuid
from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """Models, thresholds, records."""

    initial = True
    dependencies: ClassVar[list] = []
    operations: ClassVar[list] = [
        migrations.CreateModel('Model', fields=[
            ('fingerprint', models.CharField(max_length=64, primary_key=True, serialize=False)),
            ('name', models.CharField(max_length=200)),
            ('kind', models.CharField(max_length=20)),
            ('classes', models.JSONField(default=list)),
            ('runtime', models.CharField(max_length=40)),
            ('calibration', models.JSONField(null=True)),
            ('started', models.DateTimeField(default=django.utils.timezone.now)),
        ]),
        migrations.CreateModel('ThresholdChange', fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('created', models.DateTimeField(default=django.utils.timezone.now)),
            ('value', models.FloatField()),
            ('origin', models.CharField(max_length=200)),
            ('count', models.PositiveIntegerField(default=0)),
            ('rule', models.CharField(max_length=200)),
            ('by', models.CharField(max_length=150)),
            ('model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes',
                                        to='records.model')),
        ], options=dict(ordering=('-id', ))),
        migrations.CreateModel('Record', fields=[
            ('id', models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
            ('created', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ('source', models.CharField(max_length=10)),
            ('camera', models.CharField(blank=True, max_length=32)),
            ('name', models.CharField(blank=True, max_length=120)),
            ('suffix', models.CharField(max_length=8)),
            ('state', models.CharField(db_index=True, default='waiting', max_length=10)),
            ('error', models.CharField(blank=True, max_length=500)),
            ('width', models.PositiveIntegerField(null=True)),
            ('height', models.PositiveIntegerField(null=True)),
            ('score', models.FloatField(db_index=True, null=True)),
            ('threshold', models.FloatField(null=True)),
            ('threshold_origin', models.CharField(blank=True, max_length=400)),
            ('boxes', models.JSONField(default=list)),
            ('has_map', models.BooleanField(default=False)),
            ('milliseconds', models.JSONField(default=dict)),
            ('mark', models.CharField(blank=True, max_length=10)),
            ('marked_by', models.CharField(blank=True, max_length=150)),
            ('marked_at', models.DateTimeField(null=True)),
            ('model', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT,
                                        related_name='records', to='records.model')),
        ], options=dict(
            ordering=('-created', '-id'),
            indexes=[models.Index(fields=('source', 'created'), name='records_of_source')])),
    ]
