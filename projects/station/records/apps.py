"""For Django."""
from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """The records as an application of Django."""

    name = 'station.records'
    label = 'records'
