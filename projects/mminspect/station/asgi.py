"""The station for an ASGI server: ``uvicorn mminspect.station.asgi:application``, always one process of it."""
from __future__ import annotations

import os

import django

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mminspect.station.settings')
django.setup()

from .application import Application  # noqa: E402 (needs Django's settings)

application = Application()
