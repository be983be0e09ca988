"""For Django."""
from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """The records as an application of Django."""

    name = 'mminspect.station.records'
    label = 'records'
